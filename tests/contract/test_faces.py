"""What a face offers can be found from a prompt: names without modules between them, and signatures that say it all."""

import importlib
import inspect
import pkgutil

import pytest

import domains

FACES = [f"domains.{found.name}" for found in pkgutil.iter_modules(domains.__path__) if found.ispkg]
FACES += ["shared.data", "shared.decision", "shared.evaluation", "shared.evaluation.explain"]
FACES += ["shared.evaluation.leakage", "shared.evaluation.metrics"]
# Signatures that scikit-learn gives, and those that hand on what a task or a family of rules names itself.
FREE = {"set_params", "fit_predict", "fit_transform", "metric", "where"}


@pytest.mark.parametrize("name", FACES)
def test_a_face_shows_its_public_names_only(name):
    face = importlib.import_module(name)
    assert dir(face) == sorted(face.__all__)
    assert all(hasattr(face, one) for one in dir(face))


def offered():
    for name in FACES[:-5]:
        face = importlib.import_module(name)
        for public in face.__all__:
            one = getattr(face, public)
            yield f"{name}.{public}", one
            if inspect.isclass(one):
                for method, function in inspect.getmembers(one, inspect.isfunction):
                    if not method.startswith("_"):
                        yield f"{name}.{public}.{method}", function


def test_signatures_name_every_argument():
    checked, vague = 0, []
    for name, one in offered():
        if not inspect.isfunction(one) or name.rsplit(".", 1)[-1] in FREE:
            continue
        checked += 1
        kinds = {argument.kind for argument in inspect.signature(one).parameters.values()}
        if inspect.Parameter.VAR_KEYWORD in kinds or inspect.Parameter.VAR_POSITIONAL in kinds:
            vague.append(name)
    assert vague == []
    assert checked > 300
