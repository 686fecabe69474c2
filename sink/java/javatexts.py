"""Texts of languages as JDK 17 has them, where CLDR has changed them since: JDK 17 carries CLDR 39.

Source: Joda-Time 2.13.1 on JDK 17.0.15, asked for every language, compared with Babel 2.18 (CLDR 47). Parts of a list
are separated by `|`; months begin with January, days with Monday, half days with the morning, eras with the older.
"""

# ruff: noqa: RUF001 - other alphabets have letters that look like ours
from collections.abc import Mapping

_LANGUAGES = (
    "af agq ak am ar as asa ast az bas be bem bez bg bm bn bo br brx bs ca ccp ce ceb cgg chr ckb cs cy "
    "da dav de dje doi dsb dua dyo dz ebu ee el en eo es et eu ewo fa ff fi fil fo fr fur fy ga gd gl gsw "
    "gu guz gv ha haw he hi hr hsb hu hy ia id ig ii is it ja jgo jmc jv ka kab kam kde kea khq ki kk kkj "
    "kl kln km kn ko kok ks ksb ksf ksh ku kw ky lag lb lg lkt ln lo lrc lt lu luo luy lv mai mas mer mfe "
    "mg mgh mgo mi mk ml mn mni mr ms mt mua my mzn naq nb nd ne nl nmg nn nnh no nus nyn om or os pa pcm "
    "pl ps pt qu rm rn ro rof ru rw rwk sa sah saq sat sbp sd se seh ses sg shi si sk sl smn sn so sq sr "
    "su sv sw ta te teo tg th ti tk to tr tt twq tzm ug uk ur uz vai vi vun wae wo xh xog yav yi yo yue "
    "zgh zh zu "
)
LANGUAGES = frozenset(_LANGUAGES.split())
"""Codes of the languages that JDK 17 has texts for; any other gets the root texts."""

ALIASES: Mapping[str, str] = {"in": "id", "iw": "he", "ji": "yi", "mo": "ro", "no": "nb", "sh": "sr_Latn", "tl": "fil"}
"""Old and wider codes that Java understands, and whose texts they give."""

CORRECTIONS: Mapping[str, Mapping[str, str]] = {
    "ak": {
        "months": (
            "Sanda-Ɔpɛpɔn|Kwakwar-Ɔgyefuo|Ebɔw-Ɔbenem|Ebɔbira-Oforisuo|Esusow Aketseaba-Kɔtɔnimba|"
            "Obirade-Ayɛwohomumu|Ayɛwoho-Kitawonsa|Difuu-Ɔsandaa|Fankwa-Ɛbɔ|Ɔbɛsɛ-Ahinime|"
            "Ɔberɛfɛw-Obubuo|Mumu-Ɔpɛnimba"
        ),
        "short_months": "S-Ɔ|K-Ɔ|E-Ɔ|E-O|E-K|O-A|A-K|D-Ɔ|F-Ɛ|Ɔ-A|Ɔ-O|M-Ɔ",
        "days": "Dwowda|Benada|Wukuda|Yawda|Fida|Memeneda|Kwesida",
    },
    "am": {
        "months": "ጃንዩወሪ|ፌብሩወሪ|ማርች|ኤፕሪል|ሜይ|ጁን|ጁላይ|ኦገስት|ሴፕቴምበር|ኦክቶበር|ኖቬምበር|ዲሴምበር",
        "short_months": "ጃንዩ|ፌብሩ|ማርች|ኤፕሪ|ሜይ|ጁን|ጁላይ|ኦገስ|ሴፕቴ|ኦክቶ|ኖቬም|ዲሴም",
    },
    "as": {
        "half_days": "পূৰ্বাহ্ন|অপৰাহ্ন",
    },
    "bn": {
        "short_months": "জানু|ফেব|মার্চ|এপ্রিল|মে|জুন|জুলাই|আগস্ট|সেপ্টেম্বর|অক্টোবর|নভেম্বর|ডিসেম্বর",
    },
    "brx": {
        "months": "जानुवारी|फेब्रुवारी|मार्स|एफ्रिल|मे|जुन|जुलाइ|आगस्थ|सेबथेज्ब़र|अखथबर|नबेज्ब़र|दिसेज्ब़र",
        "short_months": "जानुवारी|फेब्रुवारी|मार्स|एफ्रिल|मे|जुन|जुलाइ|आगस्थ|सेबथेज्ब़र|अखथबर|नबेज्ब़र|दिसेज्ब़र",
        "days": "समबार|मंगलबार|बुदबार|बिसथिबार|सुखुरबार|सुनिबार|रबिबार",
        "short_days": "सम|मंगल|बुद|बिसथि|सुखुर|सुनि|रबि",
        "eras": "ईसा.पूर्व|सन",
    },
    "ceb": {
        "months": "Enero|Pebrero|Marso|Abril|Mayo|Hunyo|Hulyo|Agosto|Setyembre|Oktubre|Nobyembre|Disyembre",
        "short_months": "Ene|Peb|Mar|Abr|May|Hun|Hul|Ago|Set|Okt|Nob|Dis",
    },
    "da": {
        "short_days": "man.|tir.|ons.|tor.|fre.|lør.|søn.",
    },
    "doi": {
        "months": "जनवरी|फरवरी|मार्च|अप्रैल|मेई|जून|जुलाई|अगस्त|सितंबर|अत्तूबर|नवंबर|दिसंबर",
        "days": "सोमबार|मंगलबार|बुधबार|बीरबार|शुक्रबार|शनीबार|ऐतबार",
        "half_days": "सवेर|बाद दपैहर",
    },
    "ee": {
        "months": "dzove|dzodze|tedoxe|afɔfĩe|dama|masa|siamlɔm|deasiamime|anyɔnyɔ|kele|adeɛmekpɔxe|dzome",
    },
    "eo": {
        "months": ("januaro|februaro|marto|aprilo|majo|junio|julio|aŭgusto|septembro|oktobro|novembro|decembro"),
        "short_months": "jan|feb|mar|apr|maj|jun|jul|aŭg|sep|okt|nov|dec",
        "eras": "aK|pK",
    },
    "eu": {
        "months": (
            "urtarrilak|otsailak|martxoak|apirilak|maiatzak|ekainak|uztailak|abuztuak|irailak|urriak|azaroak|abenduak"
        ),
    },
    "fa": {
        "short_months": "ژانویهٔ|فوریهٔ|مارس|آوریل|مهٔ|ژوئن|ژوئیهٔ|اوت|سپتامبر|اکتبر|نوامبر|دسامبر",
    },
    "fi": {
        "short_months": (
            "tammik.|helmik.|maalisk.|huhtik.|toukok.|kesäk.|heinäk.|elok.|syysk.|lokak.|marrask.|jouluk."
        ),
        "days": "maanantaina|tiistaina|keskiviikkona|torstaina|perjantaina|lauantaina|sunnuntaina",
    },
    "he": {
        "half_days": "לפנה״צ|אחה״צ",
    },
    "hi": {
        "months": "जनवरी|फ़रवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|अक्तूबर|नवंबर|दिसंबर",
        "short_months": "जन॰|फ़र॰|मार्च|अप्रैल|मई|जून|जुल॰|अग॰|सित॰|अक्तू॰|नव॰|दिस॰",
    },
    "ig": {
        "months": "Jenụwarị|Febrụwarị|Maachị|Epreel|Mee|Juun|Julaị|Ọgọọst|Septemba|Ọktoba|Novemba|Disemba",
        "eras": "T.K.|A.K.",
    },
    "ii": {
        "months": "ꋍꆪ|ꑍꆪ|ꌕꆪ|ꇖꆪ|ꉬꆪ|ꃘꆪ|ꏃꆪ|ꉆꆪ|ꈬꆪ|ꊰꆪ|ꊰꊪꆪ|ꊰꑋꆪ",
        "short_months": "ꋍꆪ|ꑍꆪ|ꌕꆪ|ꇖꆪ|ꉬꆪ|ꃘꆪ|ꏃꆪ|ꉆꆪ|ꈬꆪ|ꊰꆪ|ꊰꊪꆪ|ꊰꑋꆪ",
        "days": "ꆏꊂꋍ|ꆏꊂꑍ|ꆏꊂꌕ|ꆏꊂꇖ|ꆏꊂꉬ|ꆏꊂꃘ|ꑭꆏꑍ",
        "short_days": "ꆏꋍ|ꆏꑍ|ꆏꌕ|ꆏꇖ|ꆏꉬ|ꆏꃘ|ꑭꆏ",
    },
    "kl": {
        "half_days": "AM|PM",
        "eras": "BCE|CE",
    },
    "kn": {
        "short_months": "ಜನವರಿ|ಫೆಬ್ರವರಿ|ಮಾರ್ಚ್|ಏಪ್ರಿ|ಮೇ|ಜೂನ್|ಜುಲೈ|ಆಗ|ಸೆಪ್ಟೆಂ|ಅಕ್ಟೋ|ನವೆಂ|ಡಿಸೆಂ",
        "half_days": "ಪೂರ್ವಾಹ್ನ|ಅಪರಾಹ್ನ",
    },
    "kok": {
        "half_days": "AM|PM",
        "eras": "क्रिस्तपूर्व|क्रिस्तशखा",
    },
    "ks": {
        "months": "جنؤری|فرؤری|مارٕچ|اپریل|میٔ|جوٗن|جوٗلایی|اگست|ستمبر|اکتوٗبر|نومبر|دسمبر",
        "short_months": "جنؤری|فرؤری|مارٕچ|اپریل|میٔ|جوٗن|جوٗلایی|اگست|ستمبر|اکتوٗبر|نومبر|دسمبر",
        "half_days": "AM|PM",
    },
    "ku": {
        "months": (
            "rêbendanê|reşemiyê|adarê|avrêlê|gulanê|pûşperê|tîrmehê|gelawêjê|rezberê|kewçêrê|sermawezê|berfanbarê"
        ),
        "short_months": "rêb|reş|ada|avr|gul|pûş|tîr|gel|rez|kew|ser|ber",
        "days": "duşem|sêşem|çarşem|pêncşem|în|şemî|yekşem",
        "short_days": "dş|sş|çş|pş|în|ş|yş",
    },
    "mai": {
        "months": "जनवरी|फ़रवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|अक्तूबर|नवंबर|दिसंबर",
        "days": "सोमवार|मंगलवार|बुधवार|गुरुवार|शुक्रवार|शनिवार|रविवार",
        "half_days": "am|pm",
        "eras": "ईसा-पूर्व|ईस्वी",
    },
    "mi": {
        "months": (
            "Kohitātea|Huitanguru|Poutūterangi|Paengawhāwhā|Haratua|Pipiri|Hōngongoi|Hereturikōkā|"
            "Mahuru|Whiringa-ā-nuku|Whiringa-ā-rangi|Hakihea"
        ),
        "short_months": "Kohi|Hui|Pou|Pae|Hara|Pipi|Hōngo|Here|Mahu|Nuku|Rangi|Haki",
        "days": "Rāhina|Rātū|Rāapa|Rāpare|Rāmere|Rāhoroi|Rātapu",
        "short_days": "Hin|Tū|Apa|Par|Mer|Hor|Tap",
    },
    "mk": {
        "short_months": "јан.|фев.|мар.|апр.|мај|јун.|јул.|авг.|септ.|окт.|ноем.|дек.",
        "short_days": "пон.|вт.|сре.|чет.|пет.|саб.|нед.",
        "half_days": "претпладне|попладне",
        "eras": "п.н.е.|н.е.",
    },
    "ml": {
        "eras": "ക്രി.മു.|എഡി",
    },
    "mni": {
        "months": "জানুৱারি|ফেব্রুৱারি|মার্চ|এপ্রিল|মে|জুন|জুলাই|আগস্ট|সেপ্টেম্বর|ওক্টোবর|নভেম্বর|ডিসেম্বর",
        "short_months": "জানুৱারি|ফেব্রুৱারি|মার্চ|এপ্রিল|মে|জুন|জুলাই|আগস্ট|সেপ্টেম্বর|ওক্টোবর|নভেম্বর|ডিসেম্বর",
    },
    "mr": {
        "eras": "इ. स. पू.|इ. स.",
    },
    "nb": {
        "short_months": "jan.|feb.|mar.|apr.|mai|jun.|jul.|aug.|sep.|okt.|nov.|des.",
    },
    "nl": {
        "short_months": "jan.|feb.|mrt.|apr.|mei|jun.|jul.|aug.|sep.|okt.|nov.|dec.",
    },
    "nn": {
        "half_days": "formiddag|ettermiddag",
    },
    "om": {
        "months": (
            "Amajjii|Guraandhala|Bitooteessa|Elba|Caamsa|Waxabajjii|Adooleessa|Hagayya|Fuulbana|"
            "Onkololeessa|Sadaasa|Muddee"
        ),
        "short_months": "Ama|Gur|Bit|Elb|Cam|Wax|Ado|Hag|Ful|Onk|Sad|Mud",
        "days": "Wiixata|Qibxata|Roobii|Kamiisa|Jimaata|Sanbata|Dilbata",
        "short_days": "Wix|Qib|Rob|Kam|Jim|San|Dil",
        "eras": "BCE|CE",
    },
    "qu": {
        "eras": "BCE|d.C.",
    },
    "rw": {
        "months": (
            "Mutarama|Gashyantare|Werurwe|Mata|Gicuransi|Kamena|Nyakanga|Kanama|Nzeli|Ukwakira|Ugushyingo|Ukuboza"
        ),
    },
    "sa": {
        "eras": "BCE|CE",
    },
    "sat": {
        "eras": "ᱥᱮᱨᱢᱟ ᱞᱟᱦᱟ|ᱤᱥᱣᱤ",
    },
    "so": {
        "months": (
            "Bisha Koobaad|Bisha Labaad|Bisha Saddexaad|Bisha Afraad|Bisha Shanaad|Bisha Lixaad|"
            "Bisha Todobaad|Bisha Sideedaad|Bisha Sagaalaad|Bisha Tobnaad|Bisha Kow iyo Tobnaad|"
            "Bisha Laba iyo Tobnaad"
        ),
        "eras": "CH|CD",
    },
    "sq": {
        "short_days": "Hën|Mar|Mër|Enj|Pre|Sht|Die",
    },
    "sr": {
        "half_days": "пре подне|по подне",
    },
    "sr_Latn": {
        "half_days": "pre podne|po podne",
    },
    "ta": {
        "half_days": "முற்பகல்|பிற்பகல்",
    },
    "ti": {
        "months": "ጥሪ|ለካቲት|መጋቢት|ሚያዝያ|ግንቦት|ሰነ|ሓምለ|ነሓሰ|መስከረም|ጥቅምቲ|ሕዳር|ታሕሳስ",
        "days": "ሰኑይ|ሠሉስ|ረቡዕ|ኃሙስ|ዓርቢ|ቀዳም|ሰንበት",
        "half_days": "ቅድመ ፍርቂ-መዓልቲ|ደሕረ ፍርቀ-መዓልቲ",
    },
    "to": {
        "months": "Sānuali|Fēpueli|Maʻasi|ʻEpeleli|Mē|Sune|Siulai|ʻAokosi|Sepitema|ʻOkatopa|Nōvema|Tīsema",
        "short_months": "Sān|Fēp|Maʻa|ʻEpe|Mē|Sun|Siu|ʻAok|Sep|ʻOka|Nōv|Tīs",
    },
    "vi": {
        "eras": "Trước CN|Sau CN",
    },
    "xh": {
        "months": ("Janyuwari|Februwari|Matshi|Epreli|Meyi|Juni|Julayi|Agasti|Septemba|Okthoba|Novemba|Disemba"),
        "short_months": "Jan|Feb|Mat|Epr|Mey|Jun|Jul|Aga|Sep|Okt|Nov|Dis",
        "short_days": "Mvu|Bin|Tha|Sin|Hla|Mgq|Caw",
    },
    "yo": {
        "short_months": "Ṣẹ́r|Èrèl|Ẹrẹ̀n|Ìgb|Ẹ̀bi|Òkú|Agẹ|Ògú|Owe|Ọ̀wà|Bél|Ọ̀pẹ",
        "short_days": "Aj|Ìsẹ́g|Ọjọ́r|Ọjọ́b|Ẹt|Àbám|Àìk",
    },
}
"""By language, then by list (as in `locales.Texts`)."""
