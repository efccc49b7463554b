"""Parameters changed by name: dotted, short, kinds, and what a wrong name is told."""

from pathlib import Path

import pytest

from cellstorm.errors import ConfigurationError
from cellstorm.settings import parse_settings
from cellstorm.simulate import Simulation
from cellstorm.simulate.codec import H264Codec, HevcCodec, Vp9Codec
from cellstorm.simulate.isp import PRESETS as ISP_PRESETS
from cellstorm.simulate.isp import Isp
from cellstorm.simulate.photophysics import PHOTOPHYSICS_PRESETS
from cellstorm.simulate.psf import VolumePsf
from cellstorm.simulate.structures import PositionStructure, RingStructure


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


def test_a_camera_is_given_by_name_and_then_changed() -> None:
    assert Simulation().changed(camera="ixon-897").camera.bit_depth == 14
    other = Simulation().changed({"camera": "ixon-897", "camera.read_noise_e": 1.5}).camera
    assert (other.bit_depth, other.read_noise_e) == (14, 1.5)


def test_presets_of_parts_are_given_by_name_and_then_changed() -> None:
    strong = Simulation().changed({"isp": "aggressive", "isp.tone": "off"}).isp
    assert strong == ISP_PRESETS["aggressive"].model_copy(update={"tone": None})
    assert Simulation().changed(isp="phone").changed(isp=False).isp == Isp()
    dye = Simulation().changed({"photophysics": "alexa-647-mea", "photophysics.cycles": 3})
    expected = PHOTOPHYSICS_PRESETS["alexa-647-mea"].model_copy(update={"cycles": 3.0})
    assert dye.photophysics == expected


def test_what_a_kind_needs_can_come_in_the_next_setting() -> None:
    simulation = Simulation().changed(
        {"structure": "positions", "structure.path": "t.csv", "psf": "volume"}
        | {"psf.path": "bead.tif", "psf.pixel_nm": 50, "psf.z_step_nm": 100}
    )
    assert simulation.structure == PositionStructure(path="t.csv")
    assert simulation.psf == VolumePsf(path=Path("bead.tif"), pixel_nm=50, z_step_nm=100)


def test_a_mapping_without_a_kind_changes_the_part_that_is_there() -> None:
    rings = Simulation().changed({"structure": "rings", "structure.diameter_nm": 120})
    changed = rings.changed(structure={"z_spread_nm": 300})
    assert changed.structure == RingStructure(diameter_nm=120, z_spread_nm=300)
    new = rings.changed(structure={"kind": "rings", "z_spread_nm": 300})
    assert new.structure == RingStructure(z_spread_nm=300)
    assert Simulation().changed(isp="phone").changed(isp={}).isp == Isp()


def test_the_rate_in_force_stands_in_the_model() -> None:
    assert Simulation().changed(codec="h264").codec == H264Codec(crf=23)
    assert Simulation().changed(codec="vp9").codec == Vp9Codec(crf=32)
    by_quality = Simulation().changed(quality_percent=80)
    assert isinstance(by_quality.codec, H264Codec) and by_quality.codec.crf is None
    again = type(by_quality).from_yaml(by_quality.to_yaml())
    assert again.changed(crf=20).codec == H264Codec(crf=20)


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
        ({"isp": "magic"}, "isp: .*'magic'; it can be off, none, phone"),
        ({"photophysics": "cy5"}, "photophysics: .*'cy5'; it can be steady, .*alexa-647-mea"),
        ({"structure": "positions"}, "structure.path: field required"),
        ({"psf": "off"}, "psf: there is no kind 'off'; it can be 'gaussian'"),
        ({"codec": "none", "crf": 20}, "codec is none, which has no crf.\nChoose codec=h264 or"),
        (
            {"photophysics": "switching", "photons": 500},
            "photophysics is switching, which has no photons.\n.*photophysics.photons_per_s",
        ),
        ({"diameter_nm": 90}, "structure is filaments.*\n.*structure=rings first"),
        ({"background.flicker": True}, "for instance background.flicker=white"),
        ({"drift.x_nm_per_s": 3}, "drift is off"),
        ({"frame_rate_hz": 1e-9}, "frame_rate_hz: .*greater than or equal to 0.001"),
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
