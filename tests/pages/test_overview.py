"""The overview: what it says of the model, and how exact it is."""

from tests.support.pages import run, succeed, texts


def test_overview_shows_model_measured_error_and_examples() -> None:
    test = run("app.py")
    assert [m.label for m in test.metric][:2] == ["Layers", "Heads H"]
    shown = texts(test)
    assert "computed by `transformers`" in shown
    before = shown
    after = texts(succeed(test.selectbox(key="head").select("3").run()))
    assert "in head 3" in after
    assert after != before
