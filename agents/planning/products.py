"""Which product a document is about: chosen by a person, stated in the document, or assumed from its title.

An epic needs a product that the department has, so one that is not known is asked for before anybody is asked
to approve. What is assumed is shown with the words that it was assumed from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.planning.reading.outline import Outline
from agents.planning.request import ImpossibleChange, PlanningInput
from agents.planning.spelled import place_of
from governance.department import Product

_LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True)
class ProductFound:
    """`product` is None where it has to be asked for. `why` ends a sentence that begins with the product, or
    says in a whole one what keeps it from being known; `likely` are ids of those that the document names.
    """

    product: Product | None
    why: str
    likely: tuple[str, ...] = ()
    assumed: bool = False


def product_of(outline: Outline, given: PlanningInput) -> ProductFound:
    """What a person chose; else what the document's head states, or its title or file name names; else the only
    product that there is.

    A head that states a product which the department does not have is not overruled by a word of the title.
    Raises ImpossibleChange for a choice that is none of the department's products.
    """
    if given.changes.product:
        return ProductFound(_chosen(given), "chosen by a person")
    if head := outline.meta_value("product").strip():
        return _stated(head, given.products)
    for text, where in ((outline.title, "title"), (given.document.name.replace("-", " "), "file name")):
        if named := _named(text, given.products):
            word, product = named[0]
            others = f", which names {_listed(p for _, p in named[1:])} too" if named[1:] else ""
            why = f"assumed from “{word}” in the document's {where}{others}"
            return ProductFound(product, why, tuple(p.id for _, p in named), assumed=True)
    if len(given.products) == 1:
        return ProductFound(given.products[0], "the department's only product", assumed=True)
    why = "The document does not say which of the department's products it is for."
    return ProductFound(None, why, tuple(p.id for _, p in _named(_body(outline), given.products)))


def _chosen(given: PlanningInput) -> Product:
    for product in given.products:
        if product.id == given.changes.product:
            return product
    known = _listed(given.products)
    raise ImpossibleChange(f"There is no product {given.changes.product} any more. There are {known}.")


def _stated(head: str, products: Sequence[Product]) -> ProductFound:
    named = _named(head, products)
    quoted = head if len(head) <= _LONGEST_QUOTE else head[: _LONGEST_QUOTE - 1] + "…"
    if len(named) == 1:
        return ProductFound(named[0][1], "as the document says")
    if not named:
        why = f"The document is for “{quoted}”, which is none of the department's products."
        return ProductFound(None, why)
    names = _listed(product for _, product in named)
    why = f"The document is for {names}, and a plan makes one epic, for one product."
    return ProductFound(None, why, tuple(product.id for _, product in named))


def _named(text: str, products: Sequence[Product]) -> list[tuple[str, Product]]:
    """The products that a text names, in its order, each with the word; a name within a longer one is none."""
    found = []
    for product in products:
        for name in (product.name, product.id, *product.aliases):
            if (match := place_of(text, name)) is not None:
                found.append((match.start(), match.end(), match[0], product))
    found.sort(key=lambda one: (one[0], -one[1], one[3].id))
    kept: dict[str, tuple[str, Product]] = {}
    end = 0
    for start, stop, word, product in found:
        if start >= end:
            kept.setdefault(product.id, (word, product))
            end = stop
    return list(kept.values())


def _body(outline: Outline) -> str:
    return "\n".join(passage.text for passage in outline.passages)[:20_000]


def _listed(products: Iterable[Product]) -> str:
    names = [product.name for product in products]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:]))) or "none"
