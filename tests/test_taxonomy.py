"""The taxonomy: what comes with the package, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefashion.errors import DataError
from edgefashion.taxonomy import OTHER, TAXONOMIES, Taxonomy

CATEGORIES = {"tops", "outerwear", "bottoms", "one-piece", "footwear", "headwear", "accessories"}
SEVENTEEN = [
    "t-shirt", "shirt", "polo", "longsleeve", "hoodie", "blazer", "outwear", "dress", "skirt", "pants", "shorts",
    "shoes", "hat", "top", "body", "undershirt", "blouse",
]  # fmt: skip
TEN = {"dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt"}
FASHION_MNIST = {
    "t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
}  # fmt: skip


def test_the_garment_taxonomy_has_the_publishers_seventeen_types_in_the_seven_categories() -> None:
    garment = Taxonomy.load("garment")
    assert sorted(garment.types) == sorted(SEVENTEEN)
    assert set(garment.categories) == CATEGORIES
    assert garment.category_of("hoodie") == "tops"
    assert garment.category_of("blazer") == "outerwear"


def test_each_of_the_ten_published_classes_maps_to_itself() -> None:
    mapping = Taxonomy.load("garment").mappings["clothing-ten"]
    assert set(mapping.values()) == TEN
    assert {label: mapping[label] for label in TEN} == {label: label for label in TEN}
    assert set(SEVENTEEN) - set(mapping) == {"body"}
    assert mapping["polo"] == "t-shirt"


def test_the_fashion_mnist_mapping_reaches_only_real_classes_and_leaves_shoes_open() -> None:
    mapping = Taxonomy.load("garment").mappings["fashion-mnist"]
    assert set(mapping.values()) <= FASHION_MNIST
    assert "shoes" not in mapping, "sandal, sneaker and ankle boot can't be told apart by 'shoes'"


def test_the_fashion_mnist_taxonomy_has_its_ten_classes() -> None:
    taxonomy = Taxonomy.load("fashion-mnist")
    assert set(taxonomy.types) == FASHION_MNIST
    assert taxonomy.category_of("ankle boot") == "footwear"
    assert taxonomy.category_of("bag") == "accessories"
    assert set(taxonomy.categories) == CATEGORIES


@pytest.mark.parametrize("name", TAXONOMIES)
def test_a_taxonomy_survives_the_way_through_a_card(name: str) -> None:
    taxonomy = Taxonomy.load(name)
    assert Taxonomy.from_dict(taxonomy.to_dict()) == taxonomy


def test_own_labels_keep_the_category_of_known_types() -> None:
    taxonomy = Taxonomy.from_labels(["scarf", "pants", "dress"])
    assert taxonomy.category_of("pants") == "bottoms"
    assert taxonomy.category_of("scarf") == OTHER
    assert sorted(taxonomy.types) == ["dress", "pants", "scarf"]


@pytest.mark.parametrize(
    ("labels", "said"),
    [([], "Received: 0"), (["a", "a"], "twice"), (["a\nb"], "one line"), ([" a"], "one line"), ([""], "one line")],
)
def test_bad_own_labels_are_refused(labels: list[str], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Taxonomy.from_labels(labels)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(DataError, match="garment, fashion-mnist"):
        Taxonomy.load("garmet")
    with pytest.raises(DataError, match="no type 'sari'"):
        Taxonomy.load("garment").category_of("sari")


def test_a_file_of_ones_own(tmp_path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('name = "own"\n[categories]\nhats = ["cap"]\n', encoding="utf-8")
    assert Taxonomy.load(str(path)).category_of("cap") == "hats"
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(DataError, match="not a TOML file"):
        Taxonomy.load(str(path))
    with pytest.raises(DataError, match="can't be read"):
        Taxonomy.load(str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "table"),
        ({"name": "x"}, "categories"),
        ({"name": "x", "categories": {"a": "b"}}, "must hold a list"),
        ({"name": "x", "categories": {"a": [1]}}, "type name"),
        ({"name": 7, "categories": {"a": ["b"]}}, "taxonomy name"),
        ({"name": "x", "categories": {"a": ["b"], "c": ["b"]}}, "twice"),
        ({"name": "x", "categories": {"a": ["b"]}, "mappings": {"m": {"z": "b"}}}, "no type of it"),
        ({"name": "x", "categories": {"a": ["b"]}, "mappings": {"m": {"b": 3}}}, "label name"),
        ({"name": "x", "categories": {"a": ["b"]}, "extra": 1}, "Received: 'extra'"),
    ],
)
def test_a_hostile_dict_is_refused(data: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        Taxonomy.from_dict(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(JSON | st.fixed_dictionaries({"name": JSON, "categories": JSON | st.dictionaries(st.text(), JSON)}))
def test_whatever_json_says_the_answer_is_a_taxonomy_or_our_error(data: object) -> None:
    try:
        taxonomy = Taxonomy.from_dict(data)
    except DataError:
        return
    assert Taxonomy.from_dict(taxonomy.to_dict()) == taxonomy


def test_details_are_of_known_types_and_colours_have_mutual_neighbours() -> None:
    garment = Taxonomy.load("garment")
    details = garment.values["detail"]
    assert details["shoes"] == ("sneaker", "boot", "sandal", "slipper", "flat", "heel", "dress-shoe")
    assert details["dress"] == details["t-shirt"] == ("sleeveless", "short", "long")
    assert set(garment.types) - set(details) == {"shorts", "skirt", "hat"}
    colours = garment.neighbours["colour"]
    assert len(colours) == 14
    assert colours["multi"] == ()
    assert "navy" in colours["blue"]
    assert "red" not in colours["blue"]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"values": []}, "must be a table"),
        ({"values": {"detail": {"b": "short"}}}, "must hold a list"),
        ({"values": {"detail": {"b": [3]}}}, "value name"),
        ({"values": {"detail": {"b": ["short", "short"]}}}, "differ from each other"),
        ({"values": {"detail": {"spoon": ["short"]}}}, "'spoon', no type of it"),
        ({"neighbours": {"colour": {"red": ["pink"]}}}, "must name each other"),
        ({"neighbours": {"colour": {"red": ["red"]}}}, "no value is its own"),
    ],
)
def test_hostile_values_and_neighbours_are_refused(extra: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Taxonomy.from_dict({"name": "x", "categories": {"a": ["b"]}, **extra})
