"""Headings are in the seller's language, with the opposite quoting.

Half of the types, by the seed. In Chinese one heading is used for several columns. The option
preferredReportDocumentLocale=en_US restores the English ones, if a type accepts it: reports of
listings do. Source: Amazon, Report Type Values (inventory); jlevers/selling-partner-api
issue 525, amzn/selling-partner-api-docs issues 198 and 433, amzn/selling-partner-api-models issue 1068.
"""

from __future__ import annotations

from recoup.sandbox.oddities._oddity import File, Oddity, Sheet, Step
from recoup.sandbox.world.dice import Dice

_OPTION = "preferredReportDocumentLocale"
_NOT_APPLICABLE = "不适用项目"
_LANGUAGES = (
    {
        "sku": "SKU vendeur", "fnsku": "FNSKU vendeur", "asin": "ASIN produit", "reason": "motif",
        "quantity": "quantité", "currency": "devise", "country": "Country/Region Code",
        "product-name": "nom du produit", "order-id": "numéro de commande", "title": "titre",
        "status": "statut", "disposition": "état", "date": "date du mouvement",
    },
    {
        "sku": "卖家 SKU", "quantity": "数量", "status": "状态", "country": "国家/地区代码",
        "date": "日期", "reason": "原因", "currency": "货币", "asin": "商品编码",
        "title": _NOT_APPLICABLE, "product-name": _NOT_APPLICABLE, "condition": _NOT_APPLICABLE,
        "fnsku": "商品编码", "order-id": "订单编号", "disposition": "处置",
    },
)  # fmt: skip


def _sheet(sheet: Sheet, file: File) -> Sheet:
    dice = Dice(file.world.key, f"language-{file.kind.name}")
    english = _OPTION in file.kind.options and file.request.options.get(_OPTION) == "en_US"
    if english or not dice.happens(500):
        return sheet
    words = dice.pick(_LANGUAGES)
    header = tuple(words.get(name.lower(), name) for name in sheet.header)
    return sheet.having(header=header, quoted=not sheet.quoted)


ODDITY = Oddity(Step.HEADINGS, sheet=_sheet, hides_facts=True)
