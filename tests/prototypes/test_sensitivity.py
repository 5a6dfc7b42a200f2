"""The curve over numbers of neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from tests.helpers.heard import LABELS, heard

from limbeck.errors import InputError
from limbeck.prototypes import PrototypeClassifier, sensitivity


def test_each_number_is_what_learning_with_it_gives() -> None:
    pool, new = heard(seed=1), heard(seed=2)
    classifier = PrototypeClassifier(weights="similarity")
    found = sensitivity(
        classifier,
        pool.joint,
        pool.text,
        LABELS,
        features=pool.features,
        counts=[2, 40, 500],
        test=(new.features, new.labels),
    )
    assert [at.neighbours for at in found] == [2, 15, 40]
    assert not hasattr(classifier, "prototypes_")

    def named(k: int | str) -> tuple[PrototypeClassifier, list[str]]:
        clf = PrototypeClassifier(k, weights="similarity")  # type: ignore[arg-type]
        clf.fit_from_text(pool.joint, pool.text, LABELS, features=pool.features)
        return clf, clf.predict(pool.features).tolist()

    _, usual = named("auto")
    for at in found:
        clf, labels = named(at.neighbours)
        assert at.accuracy == clf.score(new.features, new.labels)
        assert at.steady == pytest.approx(np.mean(np.array(labels) == usual))
        assert at.words == clf.agreement_
    assert found[1].steady == 1


def test_without_labels_there_is_no_accuracy() -> None:
    pool = heard(seed=1)
    assert {at.accuracy for at in sensitivity(PrototypeClassifier(), pool.joint, pool.text, LABELS)} == {None}
    with pytest.raises(InputError, match="begin at 1; got"):
        sensitivity(PrototypeClassifier(), pool.joint, pool.text, LABELS, counts=[0])
