"""Which parts of a product description stand behind a text."""

from collections.abc import Iterable

from creatives.domain.spans import clauses, content_words


def facts_behind(description: str, texts: Iterable[str]) -> tuple[str, ...]:
    """The clauses of the description that share a word of meaning with the texts, in order.

    It compares words, so a translation or a paraphrase has none: that is for a person to check.
    """
    said = {word.casefold() for text in texts for word in content_words(text)}
    return tuple(
        clause
        for clause in clauses(description)
        if any(word.casefold() in said for word in content_words(clause))
    )
