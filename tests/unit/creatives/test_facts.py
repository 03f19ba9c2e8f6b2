"""Which parts of a description stand behind a text."""

from creatives.domain.facts import facts_behind

CHAIRS = "Handmade oak chairs for small homes. Finished with natural oil; ships in two days"


def test_a_text_names_the_clauses_it_shares_words_with() -> None:
    assert facts_behind(CHAIRS, ["Natural oil, nothing else", "Ships fast"]) == (
        "Finished with natural oil",
        "ships in two days",
    )


def test_small_words_and_other_words_name_none() -> None:
    assert facts_behind(CHAIRS, ["For the two of us with a dog"]) == ("ships in two days",)
    assert facts_behind(CHAIRS, ["Stühle aus Eiche", ""]) == ()
