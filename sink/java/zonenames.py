"""Names of time zones as the pattern letters `ZZZ` and `z` print them.

Joda resolves an alias to the zone behind it (`EST` is America/Panama), and takes short names from the JDK: one for
standard time, one for summer time, whichever the date. Zones that are not in `_ABBREVIATIONS` have no short name.
Source: Joda-Time 2.13.1 with its own zone data, on JDK 17 with CLDR 39; checked by running both.
"""

from collections.abc import Mapping

_ALIASES = {
    "Africa/Asmara": "Africa/Asmera",
    "Africa/Bamako": "Africa/Timbuktu",
    "Africa/Cairo": "Egypt",
    "Africa/Tripoli": "Libya",
    "America/Adak": "America/Atka US/Aleutian",
    "America/Anchorage": "US/Alaska",
    "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "America/Argentina/Catamarca": "America/Argentina/ComodRivadavia America/Catamarca",
    "America/Argentina/Cordoba": "America/Cordoba America/Rosario",
    "America/Argentina/Jujuy": "America/Jujuy",
    "America/Argentina/Mendoza": "America/Mendoza",
    "America/Atikokan": "America/Coral_Harbour",
    "America/Chicago": "CST6CDT US/Central",
    "America/Denver": "America/Shiprock MST7MDT Navajo US/Mountain",
    "America/Detroit": "US/Michigan",
    "America/Edmonton": "America/Yellowknife Canada/Mountain",
    "America/Halifax": "Canada/Atlantic",
    "America/Havana": "Cuba",
    "America/Indiana/Indianapolis": "America/Fort_Wayne America/Indianapolis US/East-Indiana",
    "America/Indiana/Knox": "America/Knox_IN US/Indiana-Starke",
    "America/Iqaluit": "America/Pangnirtung",
    "America/Jamaica": "Jamaica",
    "America/Kentucky/Louisville": "America/Louisville",
    "America/Los_Angeles": "PST8PDT US/Pacific",
    "America/Manaus": "Brazil/West",
    "America/Mazatlan": "Mexico/BajaSur",
    "America/Mexico_City": "Mexico/General",
    "America/New_York": "EST5EDT US/Eastern",
    "America/Noronha": "Brazil/DeNoronha",
    "America/Nuuk": "America/Godthab",
    "America/Panama": "EST",
    "America/Phoenix": "MST US/Arizona",
    "America/Regina": "Canada/Saskatchewan",
    "America/Rio_Branco": "America/Porto_Acre Brazil/Acre",
    "America/Santiago": "Chile/Continental",
    "America/Sao_Paulo": "Brazil/East",
    "America/St_Johns": "Canada/Newfoundland",
    "America/St_Thomas": "America/Virgin",
    "America/Tijuana": "America/Ensenada America/Santa_Isabel Mexico/BajaNorte",
    "America/Toronto": "America/Montreal America/Nipigon America/Thunder_Bay Canada/Eastern",
    "America/Vancouver": "Canada/Pacific",
    "America/Whitehorse": "Canada/Yukon",
    "America/Winnipeg": "America/Rainy_River Canada/Central",
    "Antarctica/McMurdo": "Antarctica/South_Pole",
    "Asia/Ashgabat": "Asia/Ashkhabad",
    "Asia/Dhaka": "Asia/Dacca",
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Hong_Kong": "Hongkong",
    "Asia/Jerusalem": "Asia/Tel_Aviv Israel",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Macau": "Asia/Macao",
    "Asia/Makassar": "Asia/Ujung_Pandang",
    "Asia/Nicosia": "Europe/Nicosia",
    "Asia/Seoul": "ROK",
    "Asia/Shanghai": "Asia/Chongqing Asia/Chungking Asia/Harbin PRC",
    "Asia/Singapore": "Singapore",
    "Asia/Taipei": "ROC",
    "Asia/Tehran": "Iran",
    "Asia/Thimphu": "Asia/Thimbu",
    "Asia/Tokyo": "Japan",
    "Asia/Ulaanbaatar": "Asia/Choibalsan Asia/Ulan_Bator",
    "Asia/Urumqi": "Asia/Kashgar",
    "Asia/Yangon": "Asia/Rangoon",
    "Atlantic/Faroe": "Atlantic/Faeroe",
    "Atlantic/Reykjavik": "Iceland",
    "Australia/Adelaide": "Australia/South",
    "Australia/Brisbane": "Australia/Queensland",
    "Australia/Broken_Hill": "Australia/Yancowinna",
    "Australia/Darwin": "Australia/North",
    "Australia/Hobart": "Australia/Currie Australia/Tasmania",
    "Australia/Lord_Howe": "Australia/LHI",
    "Australia/Melbourne": "Australia/Victoria",
    "Australia/Perth": "Australia/West",
    "Australia/Sydney": "Australia/ACT Australia/Canberra Australia/NSW",
    "CET": "MET",
    "Etc/GMT": "Etc/GMT+0 Etc/GMT-0 Etc/GMT0 Etc/Greenwich GMT GMT+0 GMT-0 GMT0 Greenwich",
    "Etc/UTC": "Etc/UCT Etc/Universal Etc/Zulu UCT Universal Zulu",
    "Europe/Chisinau": "Europe/Tiraspol",
    "Europe/Dublin": "Eire",
    "Europe/Istanbul": "Asia/Istanbul Turkey",
    "Europe/Kyiv": "Europe/Kiev Europe/Uzhgorod Europe/Zaporozhye",
    "Europe/Lisbon": "Portugal",
    "Europe/London": "Europe/Belfast GB GB-Eire",
    "Europe/Moscow": "W-SU",
    "Europe/Oslo": "Atlantic/Jan_Mayen",
    "Europe/Warsaw": "Poland",
    "Pacific/Auckland": "NZ",
    "Pacific/Chatham": "NZ-CHAT",
    "Pacific/Chuuk": "Pacific/Truk Pacific/Yap",
    "Pacific/Easter": "Chile/EasterIsland",
    "Pacific/Honolulu": "HST Pacific/Johnston US/Hawaii",
    "Pacific/Kanton": "Pacific/Enderbury",
    "Pacific/Kwajalein": "Kwajalein",
    "Pacific/Pago_Pago": "Pacific/Samoa US/Samoa",
    "Pacific/Pohnpei": "Pacific/Ponape",
}
"""The aliases of each zone."""

_ABBREVIATIONS = {
    "ACST ACDT": "Australia/Adelaide Australia/Broken_Hill Australia/Darwin",
    "ACT ACST": "America/Eirunepe America/Rio_Branco",
    "ACWST ACWDT": "Australia/Eucla",
    "AEST AEDT": (
        "Antarctica/Macquarie Australia/Brisbane Australia/Hobart Australia/Lindeman Australia/Melbourne "
        "Australia/Sydney"
    ),
    "AFT AFST": "Asia/Kabul",
    "AKST AKDT": "America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka America/Yakutat",
    "ALMT ALMST": "Asia/Almaty",
    "AMT AMST": (
        "America/Boa_Vista America/Campo_Grande America/Cuiaba America/Manaus America/Porto_Velho Asia/Yerevan"
    ),
    "ANAT ANAST": "Asia/Anadyr",
    "AQTT AQTST": "Asia/Aqtau Asia/Aqtobe",
    "ART ARST": (
        "America/Argentina/Buenos_Aires America/Argentina/Catamarca America/Argentina/Cordoba "
        "America/Argentina/Jujuy America/Argentina/La_Rioja America/Argentina/Mendoza "
        "America/Argentina/Rio_Gallegos America/Argentina/Salta America/Argentina/San_Juan "
        "America/Argentina/San_Luis America/Argentina/Tucuman America/Argentina/Ushuaia"
    ),
    "AST ADT": (
        "America/Anguilla America/Antigua America/Aruba America/Barbados America/Blanc-Sablon America/Curacao "
        "America/Dominica America/Glace_Bay America/Goose_Bay America/Grenada America/Guadeloupe "
        "America/Halifax America/Kralendijk America/Lower_Princes America/Marigot America/Martinique "
        "America/Moncton America/Montserrat America/Port_of_Spain America/Puerto_Rico America/Santo_Domingo "
        "America/St_Barthelemy America/St_Kitts America/St_Lucia America/St_Thomas America/St_Vincent "
        "America/Thule America/Tortola Asia/Aden Asia/Baghdad Asia/Bahrain Asia/Kuwait Asia/Qatar Asia/Riyadh "
        "Atlantic/Bermuda"
    ),
    "AWST AWDT": "Antarctica/Casey Australia/Perth",
    "AZOT AZOST": "Atlantic/Azores",
    "AZT AZST": "Asia/Baku",
    "BDT BDST": "Asia/Dhaka",
    "BNT BNST": "Asia/Brunei",
    "BOT BOST": "America/La_Paz",
    "BRT BRST": (
        "America/Araguaina America/Bahia America/Belem America/Fortaleza America/Maceio America/Recife "
        "America/Santarem America/Sao_Paulo"
    ),
    "BST BST": "Pacific/Bougainville",
    "BTT BTST": "Asia/Thimphu",
    "CAT CAST": (
        "Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Juba Africa/Khartoum "
        "Africa/Kigali Africa/Lubumbashi Africa/Lusaka Africa/Maputo"
    ),
    "CAT WAT": "Africa/Windhoek",
    "CCT CCST": "Indian/Cocos",
    "CET CEST": (
        "Africa/Algiers Africa/Ceuta Africa/Tunis Arctic/Longyearbyen CET Europe/Amsterdam Europe/Andorra "
        "Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Budapest Europe/Busingen "
        "Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta "
        "Europe/Monaco Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino "
        "Europe/Sarajevo Europe/Skopje Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican "
        "Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich"
    ),
    "CHAST CHADT": "Pacific/Chatham",
    "CHUT CHUST": "Pacific/Chuuk",
    "CKT CKHST": "Pacific/Rarotonga",
    "CLT CLST": "America/Santiago Antarctica/Palmer",
    "COT COST": "America/Bogota",
    "CST CDT": (
        "America/Bahia_Banderas America/Belize America/Chicago America/Chihuahua America/Costa_Rica "
        "America/El_Salvador America/Guatemala America/Havana America/Indiana/Knox America/Indiana/Tell_City "
        "America/Managua America/Matamoros America/Menominee America/Merida America/Mexico_City "
        "America/Monterrey America/North_Dakota/Beulah America/North_Dakota/Center "
        "America/North_Dakota/New_Salem America/Ojinaga America/Rankin_Inlet America/Regina America/Resolute "
        "America/Swift_Current America/Tegucigalpa America/Winnipeg Asia/Macau Asia/Shanghai Asia/Taipei"
    ),
    "CVT CVST": "Atlantic/Cape_Verde",
    "CXT CXST": "Indian/Christmas",
    "ChST ChDT": "Pacific/Guam Pacific/Saipan",
    "DAVT DAVST": "Antarctica/Davis",
    "DDUT DDUST": "Antarctica/DumontDUrville",
    "EAST EASST": "Pacific/Easter",
    "EAT EAST": (
        "Africa/Addis_Ababa Africa/Asmara Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala "
        "Africa/Mogadishu Africa/Nairobi Indian/Antananarivo Indian/Comoro Indian/Mayotte"
    ),
    "ECT ECST": "America/Guayaquil",
    "EET EEST": (
        "Africa/Cairo Africa/Tripoli Asia/Amman Asia/Beirut Asia/Damascus Asia/Famagusta Asia/Gaza "
        "Asia/Hebron Asia/Nicosia EET Europe/Athens Europe/Bucharest Europe/Chisinau Europe/Helsinki "
        "Europe/Kaliningrad Europe/Kyiv Europe/Mariehamn Europe/Riga Europe/Sofia Europe/Tallinn "
        "Europe/Vilnius"
    ),
    "EGT EGST": "America/Scoresbysund",
    "EST EDT": (
        "America/Atikokan America/Cancun America/Cayman America/Detroit America/Grand_Turk "
        "America/Indiana/Indianapolis America/Indiana/Marengo America/Indiana/Petersburg "
        "America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac America/Iqaluit "
        "America/Jamaica America/Kentucky/Louisville America/Kentucky/Monticello America/Nassau "
        "America/New_York America/Panama America/Port-au-Prince America/Toronto"
    ),
    "FJT FJST": "Pacific/Fiji",
    "FKT FKST": "Atlantic/Stanley",
    "FNT FNST": "America/Noronha",
    "GMT+04:00 GMT+04:00": "Europe/Astrakhan Europe/Saratov Europe/Ulyanovsk",
    "GMT+05:00 GMT+05:00": "Asia/Atyrau",
    "GMT+07:00 GMT+07:00": "Asia/Barnaul Asia/Tomsk",
    "GMT+13:00 GMT+13:00": "Pacific/Kanton",
    "GMT-03:00 GMT-03:00": "America/Punta_Arenas",
    "GALT GALST": "Pacific/Galapagos",
    "GAMT GAMST": "Pacific/Gambier",
    "GET GEST": "Asia/Tbilisi",
    "GFT GFST": "America/Cayenne",
    "GILT GILST": "Pacific/Tarawa",
    "GMT BST": "Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/London",
    "GMT CEST": "Antarctica/Troll",
    "GMT GHST": "Africa/Accra",
    "GMT GMT": (
        "Africa/Abidjan Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar Africa/Freetown "
        "Africa/Lome Africa/Monrovia Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome "
        "America/Danmarkshavn Atlantic/Reykjavik Atlantic/St_Helena Etc/GMT"
    ),
    "GMT IST": "Europe/Dublin",
    "GST GDT": "Asia/Dubai Asia/Muscat Atlantic/South_Georgia",
    "GYT GYST": "America/Guyana",
    "HAST HADT": "America/Adak",
    "HKT HKST": "Asia/Hong_Kong",
    "HOVT HOVST": "Asia/Hovd",
    "HST HDT": "Pacific/Honolulu",
    "ICT ICST": "Asia/Bangkok Asia/Ho_Chi_Minh Asia/Phnom_Penh Asia/Vientiane",
    "IOT IOST": "Indian/Chagos",
    "IRKT IRKST": "Asia/Irkutsk",
    "IRST IRDT": "Asia/Tehran",
    "IST IDT": "Asia/Colombo Asia/Jerusalem Asia/Kolkata",
    "JST JDT": "Asia/Tokyo",
    "KGT KGST": "Asia/Bishkek",
    "KOST KOSST": "Pacific/Kosrae",
    "KRAT KRAST": "Asia/Krasnoyarsk Asia/Novokuznetsk",
    "KST KDT": "Asia/Pyongyang Asia/Seoul",
    "LHST LHDT": "Australia/Lord_Howe",
    "LINT LINST": "Pacific/Kiritimati",
    "MAGT MAGST": "Asia/Magadan",
    "MART MARST": "Pacific/Marquesas",
    "MAWT MAWST": "Antarctica/Mawson",
    "MHT MHST": "Pacific/Kwajalein Pacific/Majuro",
    "MMT MMST": "Asia/Yangon",
    "MSK MSD": "Europe/Kirov Europe/Minsk Europe/Moscow Europe/Simferopol Europe/Volgograd",
    "MST MDT": (
        "America/Boise America/Cambridge_Bay America/Ciudad_Juarez America/Creston America/Dawson "
        "America/Dawson_Creek America/Denver America/Edmonton America/Fort_Nelson America/Hermosillo "
        "America/Inuvik America/Mazatlan America/Phoenix America/Whitehorse"
    ),
    "MUT MUST": "Indian/Mauritius",
    "MVT MVST": "Indian/Maldives",
    "MYT MYST": "Asia/Kuala_Lumpur Asia/Kuching",
    "NCT NCST": "Pacific/Noumea",
    "NFT NFST": "Pacific/Norfolk",
    "NOVT NOVST": "Asia/Novosibirsk",
    "NPT NPST": "Asia/Kathmandu",
    "NRT NRST": "Pacific/Nauru",
    "NST NDT": "America/St_Johns",
    "NUT NUST": "Pacific/Niue",
    "NZST NZDT": "Antarctica/McMurdo Pacific/Auckland",
    "OMST OMSST": "Asia/Omsk",
    "ORAT ORAST": "Asia/Oral",
    "PET PEST": "America/Lima",
    "PETT PETST": "Asia/Kamchatka",
    "PGT PGST": "Pacific/Port_Moresby",
    "PKT PKST": "Asia/Karachi",
    "PMST PMDT": "America/Miquelon",
    "PONT PONST": "Pacific/Pohnpei",
    "PST PDT": "America/Los_Angeles America/Tijuana America/Vancouver Asia/Manila Pacific/Pitcairn",
    "PWT PWST": "Pacific/Palau",
    "PYT PYST": "America/Asuncion",
    "QOST QOSST": "Asia/Qostanay",
    "QYZT QYZST": "Asia/Qyzylorda",
    "RET REST": "Indian/Reunion",
    "ROTT ROTST": "Antarctica/Rothera",
    "SAKT SAKST": "Asia/Sakhalin",
    "SAMT SAMST": "Europe/Samara",
    "SAST SAST": "Africa/Johannesburg Africa/Maseru Africa/Mbabane",
    "SBT SBST": "Pacific/Guadalcanal",
    "SCT SCST": "Indian/Mahe",
    "SGT SGST": "Asia/Singapore",
    "SRET SREDT": "Asia/Srednekolymsk",
    "SRT SRST": "America/Paramaribo",
    "SST SDT": "Pacific/Midway Pacific/Pago_Pago",
    "SYOT SYOST": "Antarctica/Syowa",
    "TAHT TAHST": "Pacific/Tahiti",
    "TFT TFST": "Indian/Kerguelen",
    "TJT TJST": "Asia/Dushanbe",
    "TKT TKST": "Pacific/Fakaofo",
    "TLT TLST": "Asia/Dili",
    "TMT TMST": "Asia/Ashgabat",
    "TOT TOST": "Pacific/Tongatapu",
    "TRT TRST": "Europe/Istanbul",
    "TVT TVST": "Pacific/Funafuti",
    "ULAT ULAST": "Asia/Ulaanbaatar",
    "UTC UTC": "Etc/UTC UTC",
    "UYT UYST": "America/Montevideo",
    "UZT UZST": "Asia/Samarkand Asia/Tashkent",
    "VET VEST": "America/Caracas",
    "VLAT VLAST": "Asia/Ust-Nera Asia/Vladivostok",
    "VOST VOSST": "Antarctica/Vostok",
    "VUT VUST": "Pacific/Efate",
    "WAKT WAKST": "Pacific/Wake",
    "WAT WAST": (
        "Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville "
        "Africa/Luanda Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo"
    ),
    "WET WEST": ("Africa/Casablanca Africa/El_Aaiun Atlantic/Canary Atlantic/Faroe Atlantic/Madeira Europe/Lisbon WET"),
    "WFT WFST": "Pacific/Wallis",
    "WGT WGST": "America/Nuuk",
    "WIB WIST": "Asia/Jakarta Asia/Pontianak",
    "WIT EIST": "Asia/Jayapura",
    "WITA CIST": "Asia/Makassar",
    "WSST WSDT": "Pacific/Apia",
    "XJT XJDT": "Asia/Urumqi",
    "YAKT YAKST": "Asia/Chita Asia/Khandyga Asia/Yakutsk",
    "YEKT YEKST": "Asia/Yekaterinburg",
}
"""Standard and summer time, and the zones that call them so."""

_GERMAN = {"CET": "MEZ", "CEST": "MESZ", "EET": "OEZ", "EEST": "OESZ", "WET": "WEZ", "WEST": "WESZ"}

_CANONICAL: Mapping[str, str] = {alias: zone for zone, aliases in _ALIASES.items() for alias in aliases.split()}
_PAIRS: Mapping[str, list[str]] = {
    zone: names.split() for names, zones in _ABBREVIATIONS.items() for zone in zones.split()
}


def canonical(name: str) -> str:
    """The zone that an alias stands for; any other name stands for itself."""
    return _CANONICAL.get(name, name)


def aliases(zone: str) -> list[str]:
    """The other names of a zone."""
    return _ALIASES.get(zone, "").split()


def pair(zone: str) -> list[str] | None:
    """Short names of a zone's standard and summer time in English, such as PST and PDT; None where there are none."""
    return _PAIRS.get(zone)


def abbreviation(zone: str, language: str, *, summer: bool) -> str | None:
    """Short name of a zone, such as PST or PDT; None where there is none.

    German has words of its own for the three European times. Left out are the JDK's few further differences between
    languages: Adak (HST), Troll (UTC) and Istanbul (EET) in some of them, and Etc/GMT under the root texts (+00:00).
    """
    names = pair(zone)
    if names is None:
        return None
    return _GERMAN.get(names[summer], names[summer]) if language == "de" else names[summer]
