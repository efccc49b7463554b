"""Every codec keeps what it promises of a movie, and says what it cannot."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from scipy.ndimage import gaussian_filter

from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.movie import CodedFrames, FrameChunk, Movie, open_movie
from cellstorm.parameters import describe_validation_error
from cellstorm.simulate.codec import (
    Codec,
    Ffv1Codec,
    GreyValues,
    H264Codec,
    HevcCodec,
    MjpegCodec,
    MovieCodec,
    NoCodec,
    Vp9Codec,
    decode_blocks,
    jpeg_scale_of_quality,
    qp_of_quality,
    to_full_range,
    to_limited_range,
    vp9_crf_of_quality,
)
from cellstorm.simulate.field_of_view import FieldOfView

HEIGHT, WIDTH, FRAMES = 48, 64, 70
VIEW = FieldOfView(
    width_px=WIDTH, height_px=HEIGHT, pixel_size_nm=100.0, frames=FRAMES, frame_rate_hz=30.0
)
ALL_KINDS: list[MovieCodec] = [
    H264Codec(),
    HevcCodec(),
    Vp9Codec(),
    MjpegCodec(),
    Ffv1Codec(),
    NoCodec(),
]
BY_KIND = pytest.mark.parametrize("codec", ALL_KINDS, ids=lambda codec: codec.kind)


def noise_and_spots(frames: int = FRAMES, *, top: float = 235.0) -> NDArray[np.float64]:
    """Photon noise, a still pattern and a spot that wanders: no two frames alike."""
    random = np.random.default_rng(3)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    images = []
    for number in range(frames):
        image = 30 + 10 * np.sin(x / 7) + random.normal(0, 4, x.shape)
        centre_x, centre_y = 32 + 20 * np.cos(number / 7), 24 + 14 * np.sin(number / 5)
        images.append(image + 150 * np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / 4))
    return np.asarray(np.clip(np.array(images), 0, top), dtype=np.float64)


GREY = np.rint(noise_and_spots()).astype(np.uint8)


def grey_of(bits: int) -> GreyValues:
    if bits == 8:
        return GREY
    values: NDArray[np.uint16] = np.rint(noise_and_spots() * 2 ** (bits - 8)).astype(np.uint16)
    return values


def coded(codec: MovieCodec, folder: Path, frames: GreyValues = GREY) -> Movie:
    path = codec.movie_path(folder / f"{codec.kind}")
    codec.encode(path, [frames[:31], frames[31:]], VIEW)
    return open_movie(path)


def all_of(movie: Movie) -> FrameChunk:
    return movie.read_chunk(0, movie.shape[0])


def coding_of(movie: Movie) -> CodedFrames:
    coding = all_of(movie).coding
    assert coding is not None
    return coding


def error_of(movie: Movie, frames: GreyValues = GREY) -> float:
    return float(np.std(all_of(movie).frames.astype(np.float64) - frames))


@BY_KIND
def test_every_codec_gives_a_movie_that_opens(tmp_path: Path, codec: MovieCodec) -> None:
    with coded(codec, tmp_path) as movie:
        assert movie.shape == (FRAMES, HEIGHT, WIDTH)
        assert error_of(movie) < 8
        if codec.kind == "none":
            assert movie.pixel_size_nm == pytest.approx(100)
            return
        assert movie.codec is not None and movie.codec.codec == codec.kind
        assert movie.codec.color_range == "full"
        assert movie.frame_rate_hz == pytest.approx(30, rel=1e-3)


@pytest.mark.parametrize(
    "codec",
    [
        *ALL_KINDS,
        H264Codec(b_pictures=2, gop=10),
        HevcCodec(b_pictures=2, gop=10, grid_shift_px=(6, 20)),
        H264Codec(bit_rate_kbit_s=300, second_generation=Vp9Codec(gop=20)),
    ],
    ids=lambda codec: codec.kind,
)
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, codec: MovieCodec) -> None:
    paths = [codec.movie_path(tmp_path / name) for name in ("first", "again")]
    for path in paths:
        codec.encode(path, [GREY], VIEW)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert codec.encode_to_memory([GREY[:31], GREY[31:]], VIEW) == codec.encode_to_memory(
        [GREY], VIEW
    )


def test_h264_gives_the_same_bytes_however_memory_was_left() -> None:
    # with AVX-512, x264 reads a little beyond rows of four macroblocks
    random = np.random.default_rng(1)
    files = set()
    for _ in range(40):
        litter = [
            np.full(random.integers(1000, 200_000), random.integers(256), np.uint8)
            for _ in range(30)
        ]
        files.add(H264Codec().encode_to_memory([GREY], VIEW))
        del litter
    assert len(files) == 1


@pytest.mark.parametrize(
    "codec",
    [
        H264Codec(crf=0),
        H264Codec(qp=0, grid_shift_px=(6, 10)),
        Ffv1Codec(),
        Ffv1Codec(bit_depth=12),
        Ffv1Codec(bit_depth=16),
        NoCodec(),
        NoCodec(bit_depth=14),
    ],
    ids=lambda codec: f"{codec.kind}-{codec.bit_depth}",
)
def test_lossless_settings_lose_nothing(tmp_path: Path, codec: MovieCodec) -> None:
    frames = grey_of(getattr(codec, "bit_depth", None) or 8)
    with coded(codec, tmp_path, frames) as movie:
        assert movie.dtype == frames.dtype
        np.testing.assert_array_equal(all_of(movie).frames, frames)


@pytest.mark.parametrize("bits", [8, 10])
def test_limited_range_is_that_of_television(tmp_path: Path, bits: int) -> None:
    scale = 2 ** (bits - 8)
    black_grey_white = np.array([0, 127.5 * scale, 256 * scale - 1]).astype(np.uint16)
    if bits == 8:
        assert to_limited_range(np.array([0, 255], np.uint8), 8).tolist() == [16, 235]
    limited = to_limited_range(black_grey_white, bits)
    assert limited.tolist()[::2] == [16 * scale, 235 * scale]
    every = np.arange(16 * scale, 235 * scale + 1).astype(np.uint16)
    # limited codes are the fewer, so that they survive the way there and back
    np.testing.assert_array_equal(to_limited_range(to_full_range(every, bits), bits), every)


def test_a_limited_range_video_says_so_and_holds_limited_values(tmp_path: Path) -> None:
    with coded(H264Codec(crf=0, value_range="limited"), tmp_path) as movie:
        assert movie.codec is not None and movie.codec.color_range == "limited"
        np.testing.assert_array_equal(all_of(movie).frames, to_limited_range(GREY, 8))


@pytest.mark.parametrize(
    "codec",
    [
        H264Codec(gop=12, crf=28),
        H264Codec(gop=12, b_pictures=3),
        H264Codec(gop=1),
        HevcCodec(gop=12),
        HevcCodec(gop=12, b_pictures=3),
        HevcCodec(gop=20, b_pictures=16),
        Vp9Codec(gop=12),
    ],
    ids=lambda codec: f"{codec.kind}-{codec.gop}",
)
def test_key_frames_come_every_gop_whatever_the_pictures_show(
    tmp_path: Path, codec: H264Codec | HevcCodec | Vp9Codec
) -> None:
    frames = GREY.copy()
    frames[20:] = 255 - frames[20:]  # a change of scene that encoders like to begin anew at
    with coded(codec, tmp_path, frames) as movie:
        keys = np.flatnonzero(coding_of(movie).key_frames)
    np.testing.assert_array_equal(keys, np.arange(0, FRAMES, codec.gop))


@pytest.mark.parametrize("codec", [H264Codec(b_pictures=2, qp=12), HevcCodec(b_pictures=2, qp=12)])
def test_b_pictures_come_in_the_order_they_were_filmed(
    tmp_path: Path, codec: H264Codec | HevcCodec
) -> None:
    with coded(codec, tmp_path) as movie:
        chunk = all_of(movie)
        assert chunk.coding is not None and movie.timestamps_s is not None
        assert np.count_nonzero(chunk.coding.picture_types == 3) > FRAMES / 2
        np.testing.assert_allclose(movie.timestamps_s, np.arange(FRAMES) / 30, atol=1e-4)
        decoded = chunk.frames.astype(np.float64)
    # a frame in another's place would differ from it by the wandering spot and its noise
    assert np.sqrt(np.mean((decoded - GREY) ** 2, axis=(1, 2))).max() < 2
    assert np.sqrt(np.mean((decoded[1:] - GREY[:-1]) ** 2, axis=(1, 2))).min() > 4


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("qp", [12, 30])
def test_a_constant_quantiser_is_the_one_asked_for(tmp_path: Path, bits: int, qp: int) -> None:
    codec = H264Codec.model_validate({"qp": qp, "bit_depth": bits, "b_pictures": 1})
    with coded(codec, tmp_path, grey_of(bits)) as movie:
        coding = coding_of(movie)
    assert coding.qp is not None
    np.testing.assert_array_equal(coding.qp, qp + 6 * (bits - 8))


@pytest.mark.parametrize("kind", ["h264", "hevc"])
def test_ten_bits_leave_the_same_error_as_eight_at_the_same_qp(tmp_path: Path, kind: str) -> None:
    adapter: TypeAdapter[MovieCodec] = TypeAdapter(Codec)
    eight = adapter.validate_python({"kind": kind, "qp": 26})
    ten = adapter.validate_python({"kind": kind, "qp": 26, "bit_depth": 10})
    with coded(eight, tmp_path) as movie:
        error_8 = error_of(movie)
    with coded(ten, tmp_path, grey_of(10)) as movie:
        assert movie.bit_depth == 10
        error_10 = error_of(movie, grey_of(10))
    assert error_10 / 4 == pytest.approx(error_8, rel=0.1)


@pytest.mark.parametrize(
    "steps",
    [
        [H264Codec(qp=qp) for qp in (10, 22, 34)],
        [H264Codec(crf=crf) for crf in (10, 22, 34)],
        [H264Codec(bit_rate_kbit_s=rate) for rate in (900, 300, 100)],
        [HevcCodec(qp=qp) for qp in (10, 22, 34)],
        [Vp9Codec(crf=crf) for crf in (4, 20, 45)],
        [MjpegCodec(quality_percent=quality) for quality in (100, 80, 30)],
        [H264Codec(quality_percent=quality) for quality in (100, 85, 70)],
        [HevcCodec(quality_percent=quality) for quality in (100, 85, 70)],
        [Vp9Codec(quality_percent=quality) for quality in (100, 85, 70)],
    ],
    ids=lambda steps: f"{steps[0].kind}-{'-'.join(sorted(steps[0].model_fields_set))}",
)
def test_coarser_settings_make_fewer_bytes_and_larger_errors(
    tmp_path: Path, steps: list[MovieCodec]
) -> None:
    sizes, errors = [], []
    for codec in steps:
        with coded(codec, tmp_path) as movie:
            errors.append(error_of(movie))
            assert movie.path is not None
            sizes.append(movie.path.stat().st_size)
    assert sizes[0] > 1.1 * sizes[1] > 1.21 * sizes[2]
    assert errors[0] < errors[1] < errors[2]


def test_a_bit_rate_is_kept_on_average(tmp_path: Path) -> None:
    frames = np.tile(GREY, (4, 1, 1))
    view = FieldOfView(WIDTH, HEIGHT, 100.0, 4 * FRAMES, 30.0)
    H264Codec(bit_rate_kbit_s=400).encode(tmp_path / "rate.mp4", [frames], view)
    with open_movie(tmp_path / "rate.mp4") as movie:
        assert movie.codec is not None
        assert movie.codec.bit_rate_bits_per_s == pytest.approx(400e3, rel=0.15)


def test_quality_falls_nowhere_as_its_percentage_rises() -> None:
    percent = np.arange(101)
    for mapping in (qp_of_quality, vp9_crf_of_quality, jpeg_scale_of_quality):
        quantisers = [mapping(float(value)) for value in percent]
        assert all(np.diff(quantisers) <= 0)
        assert len({mapping(q) for q in (70.0, 80.0, 90.0, 100.0)}) == 4
    # what Microsoft documents of its encoder
    assert (qp_of_quality(70), qp_of_quality(100), qp_of_quality(0)) == (24, 16, 51)


def test_the_finest_quality_is_not_lossless(tmp_path: Path) -> None:
    for codec in (H264Codec(quality_percent=100), MjpegCodec(quality_percent=100)):
        with coded(codec, tmp_path) as movie:
            assert 0.3 < error_of(movie) < 3


def step_profile(codec: MovieCodec, frames: GreyValues, axis: int) -> NDArray[np.float64]:
    """Mean step between neighbouring pixels of the decoded frames, by position modulo 8."""
    count, height, width = frames.shape
    view = FieldOfView(width, height, 100.0, count, 30.0)
    memory = BytesIO(codec.encode_to_memory([frames], view))
    decoded = np.concatenate([block.frames for block in decode_blocks(memory)])
    assert decoded.shape == frames.shape
    steps = np.abs(np.diff(decoded.astype(np.float64), axis=axis))
    steps = steps.mean(axis=tuple({0, 1, 2} - {axis}))
    phases = (np.arange(steps.size) + 1) % 8
    profile = np.array([steps[phases == phase].mean() for phase in range(8)], dtype=np.float64)
    return np.asarray(profile - profile.mean(), dtype=np.float64)


@pytest.fixture(scope="module")
def clouds() -> NDArray[np.uint8]:
    """40 smooth random fields, which coarse coding breaks into blocks."""
    random = np.random.default_rng(2)
    noise = random.normal(size=(40, 128, 128))
    smooth = gaussian_filter(noise, (0, 5, 5))
    grey = np.clip(128 + 30 * smooth / smooth.std() + noise, 0, 255)
    return np.asarray(grey, dtype=np.uint8)


@pytest.mark.parametrize("shift", [(2, 4), (6, 2)])
@pytest.mark.parametrize(("kind", "qp"), [("h264", 40), ("hevc", 46)])
def test_a_grid_shift_moves_the_blocks_and_not_the_picture(
    tmp_path: Path, clouds: NDArray[np.uint8], kind: str, qp: int, shift: tuple[int, int]
) -> None:
    adapter: TypeAdapter[MovieCodec] = TypeAdapter(Codec)
    there = adapter.validate_python({"kind": kind, "qp": qp, "gop": 1})
    moved = adapter.validate_python({"kind": kind, "qp": qp, "gop": 1, "grid_shift_px": shift})
    for axis, part in ((2, shift[0]), (1, shift[1])):
        before = step_profile(there, clouds, axis)
        after = step_profile(moved, clouds, axis)
        likeness = [float(np.dot(np.roll(before, -by), after)) for by in range(8)]
        assert int(np.argmax(likeness)) == part
    fine = adapter.validate_python({"kind": kind, "qp": 2, "grid_shift_px": shift})
    with coded(fine, tmp_path) as movie:
        assert error_of(movie) < 1


def test_a_random_grid_shift_is_drawn_from_the_seed_in_every_generation() -> None:
    codec = H264Codec(
        grid_shift_px="random", second_generation=HevcCodec(grid_shift_px="random", crf=30)
    )
    random = np.random.default_rng(5)
    drawn = [codec.resolved(random) for _ in range(400)]
    again = codec.resolved(np.random.default_rng(5))
    assert again == drawn[0]
    shifts = {one.shift_px for one in drawn}
    assert shifts <= {(x, y) for x in range(0, 16, 2) for y in range(0, 16, 2)}
    assert len(shifts) > 50
    after = [one.second_generation for one in drawn]
    assert {one.shift_px[0] for one in after if isinstance(one, HevcCodec)} == set(range(0, 64, 2))
    with pytest.raises(ValueError, match="resolved"):
        codec.encode_to_memory([GREY], VIEW)


def test_a_second_generation_is_coarser_and_keeps_its_own_rhythm(tmp_path: Path) -> None:
    phone = H264Codec(crf=24)
    messenger = H264Codec(crf=32, gop=25, value_range="limited", grid_shift_px=(8, 2))
    with coded(phone, tmp_path) as movie:
        first = error_of(movie)
    with coded(messenger.model_copy(update={"value_range": "full"}), tmp_path) as movie:
        alone = error_of(movie)
    twice = phone.model_copy(update={"second_generation": messenger})
    with coded(twice, tmp_path) as movie:
        chunk = all_of(movie)
        assert chunk.coding is not None
        np.testing.assert_array_equal(np.flatnonzero(chunk.coding.key_frames), [0, 25, 50])
        decoded = to_full_range(chunk.frames.astype(np.uint8), 8)
    again = float(np.std(decoded.astype(np.float64) - GREY))
    assert again > 1.1 * first
    # what the phone has smoothed away makes the messenger's work easier, not finer
    assert again > 0.9 * alone


@pytest.mark.parametrize("range_before", ["full", "limited"])
def test_generations_change_range_and_depth_without_moving_the_grey_values(
    tmp_path: Path, range_before: str
) -> None:
    codec = HevcCodec.model_validate(
        {
            "qp": 4,
            "bit_depth": 10,
            "value_range": range_before,
            "second_generation": {"kind": "ffv1"},
        }
    )
    path = codec.movie_path(tmp_path / "twice")
    assert path.suffix == ".mkv"
    codec.encode(path, [grey_of(10)], VIEW)
    with open_movie(path) as movie:
        assert movie.dtype == np.uint8
        difference = all_of(movie).frames.astype(np.float64) - GREY
    assert abs(difference.mean()) < 0.1
    assert difference.std() < 0.8


@pytest.mark.parametrize(
    "codec",
    [
        H264Codec(second_generation=H264Codec(crf=30)),
        HevcCodec(grid_shift_px=(4, 4)),
        Ffv1Codec(),
        NoCodec(),
    ],
    ids=lambda codec: codec.kind,
)
def test_nothing_is_left_behind_when_it_goes_wrong(tmp_path: Path, codec: MovieCodec) -> None:
    def broken() -> object:
        yield GREY[:20]
        raise RuntimeError("the camera fell down")

    path = codec.movie_path(tmp_path / "broken")
    with pytest.raises(RuntimeError, match="fell down"):
        codec.encode(path, broken(), VIEW)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    codec.encode(path, [GREY], VIEW)
    assert list(tmp_path.iterdir()) == [path]


def test_a_clip_in_memory_is_decoded_with_what_the_codec_did(tmp_path: Path) -> None:
    codec = H264Codec(crf=25, b_pictures=1, grid_shift_px=(6, 10))
    memory = BytesIO(codec.encode_to_memory([GREY], VIEW))
    blocks = list(decode_blocks(memory, with_qp=True, frames_per_block=32))
    with coded(codec, tmp_path) as movie:
        chunk = all_of(movie)
    coding = chunk.coding
    assert coding is not None and coding.qp is not None
    np.testing.assert_array_equal(np.concatenate([one.frames for one in blocks]), chunk.frames)
    for name in ("picture_types", "key_frames", "qp"):
        parts = [getattr(one.coding, name) for one in blocks]
        np.testing.assert_array_equal(np.concatenate(parts), getattr(coding, name))
    assert {one.coding.grid_offset_px for one in blocks} == {coding.grid_offset_px}


def test_vp9_with_ten_bits_says_what_the_installed_encoder_lacks() -> None:
    codec = Vp9Codec(bit_depth=10)
    if "yuv420p10le" in _formats("libvpx-vp9"):
        assert codec.encode_to_memory([grey_of(10)], VIEW)
        return
    with pytest.raises(ConfigurationError, match=r"libvpx-vp9 takes no 10-bit.*\n.*bit_depth to 8"):
        codec.encode_to_memory([grey_of(10)], VIEW)


def _formats(encoder: str) -> list[str]:
    import av

    return [known.name for known in av.codec.Codec(encoder, "w").video_formats or []]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "h264", "gop": 0}, ["gop", "greater than or equal to 1", "given: 0"]),
        ({"kind": "h264", "crf": 60}, ["crf", "less than or equal to 51", "given: 60"]),
        ({"kind": "vp9", "crf": 64}, ["crf", "63"]),
        ({"kind": "hevc", "bit_rate_kbit_s": -5}, ["bit_rate_kbit_s", "greater than 0"]),
        ({"kind": "hevc", "bit_rate_kbit_s": float("inf")}, ["bit_rate_kbit_s"]),
        ({"kind": "h264", "crf": float("nan")}, ["crf"]),
        ({"kind": "mjpeg", "quality_percent": 101}, ["quality_percent", "100"]),
        ({"kind": "mjpeg", "gop": 31}, ["gop", "1"]),
        ({"kind": "h264", "crf": 20, "qp": 20}, ["only one of crf, qp", "crf and qp"]),
        ({"kind": "h264", "preset": "turbo"}, ["preset", "veryfast"]),
        ({"kind": "h264", "bit_depth": 12}, ["bit_depth", "8 or 10"]),
        ({"kind": "h264", "grid_shift_px": [3, 0]}, ["grid_shift_px", "even", "0 to 14"]),
        ({"kind": "hevc", "grid_shift_px": [64, 0]}, ["grid_shift_px", "0 to 62"]),
        ({"kind": "vp9", "grid_shift_px": [2, 2]}, ["grid_shift_px", "not permitted"]),
        ({"kind": "h264", "gop": 4, "b_pictures": 3}, ["b_pictures", "at most gop - 2"]),
        ({"kind": "h264", "second_generation": {"kind": "none"}}, ["second_generation", "'vp9'"]),
        ({"kind": "divx"}, ["divx", "'h264'", "'none'"]),
    ],
)
def test_what_is_impossible_is_named_with_what_is_allowed(
    values: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Codec).validate_python(values)
    message = describe_validation_error(caught.value)
    assert all(word in message for word in words), message


def test_sizes_and_names_that_do_not_suit_are_refused(tmp_path: Path) -> None:
    odd = FieldOfView(width_px=65, height_px=48, pixel_size_nm=100.0, frames=5, frame_rate_hz=30.0)
    for codec in (H264Codec(), MjpegCodec(second_generation=Vp9Codec())):
        with pytest.raises(ConfigurationError, match=r"width_px: .* even number \(given: 65\)"):
            codec.encode_to_memory([np.zeros((5, 48, 65), np.uint8)], odd)
    tiny = FieldOfView(width_px=64, height_px=8, pixel_size_nm=100.0, frames=5, frame_rate_hz=30.0)
    with pytest.raises(ConfigurationError, match=r"height_px: .* at least 16 \(given: 8\)"):
        HevcCodec().encode_to_memory([np.zeros((5, 8, 64), np.uint8)], tiny)
    with pytest.raises(ConfigurationError, match=r"h264 is not kept in a \.webm file"):
        H264Codec().encode(tmp_path / "movie.webm", [GREY], VIEW)
    with pytest.raises(OutputError, match="does not exist"):
        H264Codec().encode(tmp_path / "nowhere" / "movie.mp4", [GREY], VIEW)
    frames = np.zeros((5, 48, 65), np.uint8)
    assert Ffv1Codec().encode_to_memory([frames], odd)


@BY_KIND
def test_a_codec_survives_a_yaml_file(codec: MovieCodec) -> None:
    codec = codec.model_validate(codec.model_dump())
    assert type(codec).from_yaml(codec.to_yaml()) == codec
    twice = H264Codec(second_generation=HevcCodec(crf=30, grid_shift_px="random"))
    assert H264Codec.from_yaml(twice.to_yaml()) == twice
