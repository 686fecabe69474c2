"""Long names of zones (`zzzz`) in JDK 17 that CLDR does not have, or has otherwise in the edition that Babel reads.

Where CLDR 39 has no name for a zone, the JDK has an English one of its own; the root texts are all of that kind. They
follow from the pair of short names in `zonenames`, but for some zones. Source: Joda-Time 2.13.1 on JDK 17.0.15, all its
zones.
"""

# ruff: noqa: RUF001 - the apostrophes are those of CLDR
from collections.abc import Mapping

from onceproof.sink.java.zonenames import pair

_SUMMER = (
    "ACT=Acre; AFT=Afghanistan; ALMT=Alma-Ata; AMT=Amazon; ANAT=Anadyr; AQTT=Aqtobe; ART=Argentine; AZOT=Azores; "
    "AZT=Azerbaijan; BDT=Bangladesh; BNT=Brunei; BOT=Bolivia; BRT=Brasilia; BTT=Bhutan; CAT=Central African; "
    "CCT=Cocos Islands; CET=Central European; CHUT=Chuuk; CKT=Cook Is.; CLT=Chile; COT=Colombia; CVT=Cape Verde; "
    "CXT=Christmas Island; DAVT=Davis; DDUT=Dumont-d'Urville; EAST=Easter Is.; EAT=Eastern African; ECT=Ecuador; "
    "EET=Eastern European; EGT=Eastern Greenland; FJT=Fiji; FKT=Falkland Is.; FNT=Fernando de Noronha; "
    "GALT=Galapagos; GAMT=Gambier; GET=Georgia; GFT=French Guiana; GILT=Gilbert Is.; GYT=Guyana; HKT=Hong Kong; "
    "HOVT=Hovd; ICT=Indochina; IOT=Indian Ocean Territory; IRKT=Irkutsk; KGT=Kirgizstan; KOST=Kosrae; "
    "KRAT=Krasnoyarsk; LINT=Line Is.; MAGT=Magadan; MART=Marquesas; MAWT=Mawson; MHT=Marshall Islands; MMT=Myanmar; "
    "MUT=Mauritius; MVT=Maldives; MYT=Malaysia; NCT=New Caledonia; NFT=Norfolk; NOVT=Novosibirsk; NPT=Nepal; "
    "NRT=Nauru; NUT=Niue; OMST=Omsk; ORAT=Oral; PET=Peru; PETT=Petropavlovsk-Kamchatski; PGT=Papua New Guinea; "
    "PKT=Pakistan; PONT=Pohnpei; PWT=Palau; PYT=Paraguay; QYZT=Qyzylorda; RET=Reunion; ROTT=Rothera; SAKT=Sakhalin; "
    "SAMT=Samara; SBT=Solomon Is.; SCT=Seychelles; SGT=Singapore; SRT=Suriname; SYOT=Syowa; TAHT=Tahiti; TFT=French "
    "Southern & Antarctic Lands; TJT=Tajikistan; TKT=Tokelau; TLT=Timor-Leste; TMT=Turkmenistan; TOT=Tonga; "
    "TRT=Turkey; TVT=Tuvalu; ULAT=Ulaanbaatar; UYT=Uruguay; UZT=Uzbekistan; VET=Venezuela; VLAT=Vladivostok; "
    "VOST=Vostok; VUT=Vanuatu; WAKT=Wake; WAT=Western African; WET=Western European; WFT=Wallis & Futuna; "
    "WGT=Western Greenland; WIB=West Indonesia; WIT=East Indonesia; WITA=Central Indonesia; YAKT=Yakutsk; "
    "YEKT=Yekaterinburg"
)
"""Short name of standard time, and what stands before `Time` and `Summer Time`."""

_DAYLIGHT = (
    "ACWST=Australian Central Western; AKST=Alaska; AST=Atlantic; AWST=Australian Western; BST=Bougainville; "
    "CHAST=Chatham; CST=Central; ChST=Chamorro; EST=Eastern; GMT+07:00=Tomsk; GST=Gulf; HAST=Hawaii; HST=Hawaii; "
    "IRST=Iran; IST=India; JST=Japan; KST=Korea; LHST=Lord Howe; MSK=Moscow; MST=Mountain; NST=Newfoundland; "
    "NZST=New Zealand; PMST=Pierre & Miquelon; PST=Pacific; SST=Samoa; WSST=West Samoa; XJT=Xinjiang"
)
"""The same before `Standard Time` and `Daylight Time`."""

_OTHER: Mapping[str, str] = {
    "ACST ACDT": "Australian Central {} Time (South Australia/New South Wales)",
    "AEST AEDT": "Australian Eastern {} Time (Queensland)",
    "America/Havana": "Cuba {} Time",
    "Antarctica/Macquarie": "Australian Eastern {} Time (Macquarie)",
    "Asia/Aden": "Arabia {} Time",
    "Asia/Aqtau": "Aqtau",
    "Asia/Baghdad": "Arabia {} Time",
    "Asia/Bahrain": "Arabia {} Time",
    "Asia/Barnaul": "Barnaul {} Time",
    "Asia/Jerusalem": "Israel {} Time",
    "Asia/Kuwait": "Arabia {} Time",
    "Asia/Macau": "China {} Time",
    "Asia/Manila": "Philippines {} Time",
    "Asia/Qatar": "Arabia {} Time",
    "Asia/Riyadh": "Arabia {} Time",
    "Asia/Shanghai": "China {} Time",
    "Asia/Taipei": "China {} Time",
    "Asia/Ust-Nera": "Ust-Nera",
    "Asia/Yerevan": "Armenia",
    "Atlantic/South_Georgia": "South Georgia {} Time",
    "Australia/Adelaide": "Australian Central {} Time (South Australia)",
    "Australia/Darwin": "Australian Central {} Time (Northern Territory)",
    "Australia/Hobart": "Australian Eastern {} Time (Tasmania)",
    "Australia/Melbourne": "Australian Eastern {} Time (Victoria)",
    "Australia/Sydney": "Australian Eastern {} Time (New South Wales)",
    "CAT WAT": "Central African Time|Western African Time",
    "Etc/GMT": "+00:00|+00:00",
    "Europe/Astrakhan": "Astrakhan Standard Time|Astrakhan Standard Time",
    "Europe/Saratov": "Saratov Standard Time|Saratov Standard Time",
    "GMT BST": "Greenwich Mean Time|British Summer Time",
    "GMT CEST": "Coordinated Universal Time|Central European Summer Time",
    "GMT GHST": "Ghana Mean Time|Ghana Summer Time",
    "GMT GMT": "Greenwich Mean Time|Greenwich Mean Time",
    "GMT IST": "Greenwich Mean Time|Irish Summer Time",
    "GMT+04:00 GMT+04:00": "Ulyanovsk Standard Time|Ulyanovsk Standard Time",
    "GMT+05:00 GMT+05:00": "Atyrau (+0)|Atyrau (+1)",
    "GMT+13:00 GMT+13:00": "Kanton (+0)|Kanton (+1)",
    "GMT-03:00 GMT-03:00": "Punta Arenas Standard Time|Punta Arenas Standard Time",
    "Pacific/Pitcairn": "Pitcairn {} Time",
    "QOST QOSST": "Kostanay Standard Time|Kostanay Summer Time",
    "SAST SAST": "South Africa Standard Time|South Africa Summer Time",
    "SRET SREDT": "Srednekolymsk Time|Srednekolymsk Daylight Time",
    "UTC UTC": "Coordinated Universal Time|Coordinated Universal Time",
}
"""By zone, or by both short names: both texts, or one with a gap for `Standard` and `Daylight`, or as in `_SUMMER`."""

_GROUPS: Mapping[str, str] = {
    "America_Mountain": "America/Dawson America/Whitehorse",
    "Casey": "Antarctica/Casey",
    "Europe_Eastern": "Asia/Amman Asia/Damascus",
    "Greenland_Eastern": "America/Scoresbysund",
    "Greenland_Western": "America/Nuuk",
    "Kazakhstan_Eastern": "Asia/Almaty Asia/Qostanay",
    "Kazakhstan_Western": "Asia/Aqtau Asia/Aqtobe Asia/Atyrau Asia/Oral Asia/Qyzylorda",
    "": "CET EET WET",
}
METAZONES: Mapping[str, str] = {zone: group for group, zones in _GROUPS.items() for zone in zones.split()}
"""CLDR's group of zones with one name, where CLDR 39 has another than Babel's edition; blank: it has no name."""

TRANSLATIONS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "American Samoa Standard Time": "Samoa Standard Time",
        "Brunei Time": "Brunei Darussalam Time",
        "Dumont d’Urville Time": "Dumont-d’Urville Time",
        "Kamchatka Standard Time": "Petropavlovsk-Kamchatski Standard Time",
        "Phoenix Islands Time": "Kanton Standard Time",
        "Pohnpei Time": "Ponape Time",
        "Samoa Standard Time": "Apia Standard Time",
        "Taiwan Daylight Time": "Taipei Daylight Time",
        "Taiwan Standard Time": "Taipei Standard Time",
        "Timor-Leste Time": "East Timor Time",
    },
    "ko": {
        "British Summer Time": "영국 일광절약시간",
        "Central European Summer Time": "중앙 유럽 일광절약시간",
        "Central European Time": "중앙 유럽 시간",
        "Chile Time": "칠레 시간",
        "Turkey Summer Time": "동유럽 일광절약시간",
        "Turkey Time": "동유럽 시간",
        "Western European Summer Time": "서유럽 일광절약시간",
        "Western European Time": "서유럽 시간",
        "Xinjiang Standard Time": "중국 표준시",
        "피닉스 제도 시간": "Kanton 표준시",
    },
    "fr": {
        "British Summer Time": "Heure d'été britannique",
        "Central European Summer Time": "Heure d'été d'Europe centrale",
        "Central European Time": "Heure d'Europe centrale",
        "Chile Time": "Heure du Chili",
        "Turkey Summer Time": "Heure d'été d'Europe de l'Est",
        "Turkey Time": "Heure d'Europe de l'Est",
        "Western European Summer Time": "Heure d'été d'Europe de l'Ouest",
        "Western European Time": "Heure d'Europe de l'Ouest",
        "Xinjiang Standard Time": "Heure normale de Chine",
        "heure de Casey": "Heure normale de l'Ouest (Australie)",
        "heure de Niue": "heure de Nioué",
        "heure des îles Phoenix": "Kanton (heure standard)",
        "heure du Brunei": "heure du Brunéi",
        "heure d’été de l’Est nord-américain": "heure d’été de l’Est",
        "heure d’été du Pacifique nord-américain": "heure d’été du Pacifique",
        "heure d’été du centre nord-américain": "heure d’été du Centre",
        "heure d’été d’Hawaï - Aléoutiennes": "heure d’été d’Hawaii - Aléoutiennes",
        "heure normale d’Hawaï - Aléoutiennes": "heure normale d’Hawaii - Aléoutiennes",
        "temps universel coordonné": "Temps universel coordonné",
    },
    "de": {
        "British Summer Time": "Britische Sommerzeit",
        "Central European Summer Time": "Mitteleuropäische Sommerzeit",
        "Central European Time": "Mitteleuropäische Zeit",
        "Chile Time": "Chilenische Zeit",
        "Irkutsker Normalzeit": "Irkutsk-Normalzeit",
        "Jekaterinburger Normalzeit": "Jekaterinburg-Normalzeit",
        "Kirgisische Zeit": "Kirgisistan-Zeit",
        "Krasnojarsker Normalzeit": "Krasnojarsk-Normalzeit",
        "Mexikanische Pazifik-Normalzeit": "Mexiko Pazifikzone-Normalzeit",
        "Nordamerikanische Zentral-Normalzeit": "Nordamerikanische Inland-Normalzeit",
        "Nordamerikanische Zentral-Sommerzeit": "Nordamerikanische Inland-Sommerzeit",
        "Nowosibirsker Normalzeit": "Nowosibirsk-Normalzeit",
        "Paraguayische Normalzeit": "Paraguayanische Normalzeit",
        "Paraguayische Sommerzeit": "Paraguayanische Sommerzeit",
        "Phoenixinseln-Zeit": "Kanton Normalzeit",
        "Rocky-Mountains-Normalzeit": "Rocky Mountain-Normalzeit",
        "Rocky-Mountains-Sommerzeit": "Rocky-Mountain-Sommerzeit",
        "Tadschikische Zeit": "Tadschikistan-Zeit",
        "Tongaische Normalzeit": "Tonganische Normalzeit",
        "Turkey Summer Time": "Osteuropäische Sommerzeit",
        "Turkey Time": "Osteuropäische Zeit",
        "Turkmenische Normalzeit": "Turkmenistan-Normalzeit",
        "Uruguayische Normalzeit": "Uruguyanische Normalzeit",
        "Usbekische Normalzeit": "Usbekistan-Normalzeit",
        "Western European Summer Time": "Westeuropäische Sommerzeit",
        "Western European Time": "Westeuropäische Zeit",
        "Wladiwostoker Normalzeit": "Wladiwostok-Normalzeit",
        "Wolgograder Normalzeit": "Wolgograd-Normalzeit",
        "Xinjiang Standard Time": "Chinesische Normalzeit",
    },
    "ja": {
        "British Summer Time": "英国夏時間",
        "Central European Summer Time": "中部ヨーロッパ夏時間",
        "Central European Time": "中部ヨーロッパ時間",
        "Chile Time": "チリ時間",
        "Turkey Summer Time": "東ヨーロッパ夏時間",
        "Turkey Time": "東ヨーロッパ時間",
        "Western European Summer Time": "西ヨーロッパ夏時間",
        "Western European Time": "西ヨーロッパ時間",
        "Xinjiang Standard Time": "中国標準時",
        "フェニックス諸島時間": "Kanton標準時",
    },
}
"""By language what is said above or by Babel, and the JDK's text: complete for what these languages print today."""


def _entries(text: str) -> dict[str, str]:
    return dict(entry.split("=") for entry in text.split("; "))


_TEXTS: Mapping[str, str] = {
    **_entries(_SUMMER),
    **{short: f"{name} {{}} Time" for short, name in _entries(_DAYLIGHT).items()},
    **_OTHER,
}


def root_text(zone: str, *, summer: bool) -> str | None:
    """The JDK's own English name of a zone; None for those that it has none for, such as Etc/GMT+5."""
    names = pair(zone)
    keys = (zone,) if names is None else (zone, " ".join(names), names[0])
    for key in keys:
        if (found := _TEXTS.get(key)) is not None:
            if "{}" in found:
                return found.format("Daylight" if summer else "Standard")
            both = found.split("|") if "|" in found else (f"{found} Time", f"{found} Summer Time")
            return both[summer]
    return None
