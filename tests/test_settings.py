"""Parameters changed by name: dotted, short, kinds, and what a wrong name is told."""

import pytest

from cellstorm.errors import ConfigurationError
from cellstorm.settings import parse_settings
from cellstorm.simulate import Simulation
from cellstorm.simulate.codec import H264Codec, HevcCodec
from cellstorm.simulate.structures import RingStructure


def test_a_dotted_name_and_a_short_one_change_the_same_field() -> None:
    dotted = Simulation().changed({"photophysics.photons": 500})
    assert dotted == Simulation().changed(photons=500)
    assert dotted.photophysics.kind == "steady"
    assert dotted.changed(photons=1000) == Simulation()


def test_the_name_of_a_kind_puts_in_that_part_and_keeps_what_both_have() -> None:
    simulation = Simulation().changed({"codec.crf": 30, "codec.gop": 12}).changed(codec="hevc")
    assert simulation.codec == HevcCodec(crf=30, gop=12)
    assert isinstance(Simulation().changed(structure="rings").structure, RingStructure)


def test_a_part_and_its_fields_can_be_given_together_in_any_number() -> None:
    simulation = Simulation().changed(
        {"structure": "rings", "structure.diameter_nm": 120, "codec": "hevc", "codec.qp": 30}
    )
    assert simulation.structure == RingStructure(diameter_nm=120)
    assert simulation.codec == HevcCodec(qp=30)


def test_settings_that_exclude_each_other_make_way() -> None:
    simulation = Simulation().changed(crf=20).changed({"codec.qp": 30})
    assert simulation.codec == H264Codec(qp=30)
    assert simulation.changed(quality_percent=80).codec == H264Codec(quality_percent=80)


def test_optional_parts_are_switched_on_and_off() -> None:
    on = Simulation().changed({"isp.sharpening": True})
    assert on.isp.sharpening is not None
    assert on.changed({"isp.sharpening": "off"}) == Simulation()
    through_a_field = Simulation().changed({"isp.sharpening.amount": 0.3})
    assert through_a_field.isp.sharpening is not None
    assert through_a_field.isp.sharpening.amount == 0.3


def test_a_camera_is_given_by_name() -> None:
    assert Simulation().changed(camera="ixon-897").camera.bit_depth == 14


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"photos": 3}, "there is no setting photos.\nDid you mean photons"),
        ({"codec.krf": 3}, "there is no setting codec.krf.\nDid you mean crf"),
        ({"photons": -5}, "photophysics.photons: .*greater than 0"),
        ({"codec.gop": 0}, "codec.gop: .*greater than or equal to 1"),
        ({"codec": "xvid"}, "codec: .*xvid.*h264.*hevc.*vp9.*mjpeg.*ffv1.*none"),
        ({"background.haze.peak_photons": 3}, "background.haze is off"),
        ({"frames.crf": 3}, "frames has no parts"),
        ({"camera": "nikon"}, "camera: .*nikon"),
        ({"width_px": 65}, "width_px: h264 needs an even number"),
    ],
)
def test_a_wrong_setting_names_the_field_and_what_is_allowed(
    settings: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        Simulation().changed(settings)


def test_words_become_settings() -> None:
    assert parse_settings(["photons=500", "codec.crf = 2.5", "isp.tone=off", "codec=none"]) == {
        "photons": 500,
        "codec.crf": 2.5,
        "isp.tone": False,
        "codec": "none",
    }
    with pytest.raises(ConfigurationError, match="'photons' is not a setting"):
        parse_settings(["photons"])
