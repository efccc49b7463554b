"""The threshold follows what a sample of the movie holds."""

from cellstorm.localize.net.movie_threshold import MASSES, movie_threshold
from cellstorm.localize.net.recording_conditions import RecordingConditions

# a bad network: with 16384 px a frame, one false molecule in five frames at 0.5
FALSE_PER_MPX = tuple((mass, *2 * (12.0 * 10.0 ** (-8.0 * (mass - 0.5)),)) for mass in MASSES)
FRAMES, FRAME_PX = 20, 16_384


def _recording(true_per_frame: float) -> RecordingConditions:
    pixels = FRAMES * FRAME_PX
    found = tuple(
        (mass, round(FRAMES * true_per_frame * (1.0 - 0.3 * mass) + false * pixels * 1e-6))
        for mass, false, _ in FALSE_PER_MPX
    )
    return RecordingConditions(
        frames=FRAMES,
        molecules=found[0][1],
        pixels=pixels,
        found_by_mass=found,
        sigma_px=None,
        photons=None,
        background_photons=(1.0, 2.0, 3.0),
        molecules_per_px_frame=found[0][1] / pixels,
        on_frames=None,
        gain_e_per_adu=1.0,
        offset_adu=0.0,
        read_noise_e=1.0,
        excess_noise_factor=1.0,
        camera_estimated=False,
        bit_depth=8,
    )


def test_a_movie_full_of_molecules_gets_the_best_threshold() -> None:
    assert movie_threshold(_recording(45.0), 0.5, FALSE_PER_MPX) == 0.5
    assert movie_threshold(_recording(45.0), 0.4, FALSE_PER_MPX) == 0.4


def test_an_empty_movie_gets_one_at_which_next_to_nothing_false_is_found() -> None:
    threshold = movie_threshold(_recording(0.0), 0.5, FALSE_PER_MPX)
    assert {mass: worst for mass, _, worst in FALSE_PER_MPX}[threshold] * FRAME_PX * 1e-6 < 0.01
    assert threshold < MASSES[-1]


def test_the_fewer_molecules_the_higher_the_threshold() -> None:
    thresholds = [
        movie_threshold(_recording(true), 0.5, FALSE_PER_MPX) for true in (45.0, 3.0, 0.5, 0.0)
    ]
    assert thresholds == sorted(thresholds)
    assert len(set(thresholds)) > 2


def test_a_model_that_does_not_tell_of_empty_movies_keeps_its_own() -> None:
    assert movie_threshold(_recording(0.0), 0.65, ()) == 0.65


def test_a_network_that_is_never_quiet_gets_the_highest() -> None:
    assert (
        movie_threshold(_recording(0.0), 0.5, [(mass, 50.0, 50.0) for mass in MASSES]) == MASSES[-1]
    )
