"""Whether a recording is like those that a network was trained for."""

from collections.abc import Iterator, Mapping
from typing import Any

from cellstorm.localize.net.recording_conditions import RecordingConditions

__all__ = ["outside_conditions"]

# A sample's figures are off by some percent, and the middle of a range is learned better
# than its ends: only what lies outside by more than this is worth a word.
_WIDTH_SLACK = 1.08
_LIGHT_SLACK = 1.5
_CAMERA_SLACK = 1.25
_TIME_SLACK = 2.0
# of very many molecules so many are found, measured on movies of 1 to 4 per um2
_SHARE_FOUND = 0.8
# x264's median QP of a dim movie lies 5 to 7 over its CRF
_MOST_QP_OVER_CRF = 9.0
_UNCODED = frozenset({None, "ffv1", "rawvideo", "huffyuv", "ffvhuff", "utvideo", "png"})
_TRAIN = "train one for it: cellstorm train --like MOVIE"

Range = tuple[float, float]


def outside_conditions(
    recording: RecordingConditions, conditions: Mapping[str, Any]
) -> tuple[str, ...]:
    """A sentence for each condition of a recording that a network was not trained for.

    Parameters
    ----------
    recording
        As `measure_recording` gives it.
    conditions
        Of the model file; ranges it does not know are not looked at.

    Returns
    -------
    tuple[str, ...]
        What the condition is, what was trained for, and what to do; empty where the
        recording lies inside all ranges.
    """
    return (
        *_of_the_image(recording, conditions),
        *_of_the_camera(recording, conditions),
        *_of_the_codec(recording, conditions),
    )


def _of_the_image(recording: RecordingConditions, conditions: Mapping[str, Any]) -> Iterator[str]:
    camera = "give the camera with --camera, " if recording.camera_estimated else ""
    excess = recording.excess_noise_factor
    sigma_px, trained = recording.sigma_px, _range(conditions, "sigma_px")
    if sigma_px is not None and trained is not None:
        told = f"The PSF is {sigma_px:.2f} px wide (standard deviation) and {_for(trained, 'px')}"
        if sigma_px > trained[1] * _WIDTH_SLACK:
            yield (
                f"{told}: use --method gaussian, join pixels (bin the movie before, or record"
                f" with larger ones), or {_TRAIN}."
            )
        elif sigma_px < trained[0] / _WIDTH_SLACK:
            yield f"{told}: use --method gaussian, record with smaller pixels, or {_TRAIN}."
    trained = _range(conditions, "photons", excess)
    if recording.photons is not None and trained is not None:
        photons = recording.photons[1]
        told = f"Molecules have {photons:.0f} photons (median) and {_for(trained, 'photons')}"
        if not trained[0] / _LIGHT_SLACK <= photons <= trained[1] * _LIGHT_SLACK:
            yield f"{told}: {camera}use --method gaussian, or {_TRAIN}."
    brightest = _most_background(conditions)
    if brightest is not None:
        light = recording.background_photons[2]
        most = brightest * excess
        if light > most * _LIGHT_SLACK:
            yield (
                f"The background reaches {light:.0f} photons per pixel and the network was"
                f" trained for {_number(most)} at most: {camera}use --method gaussian, or {_TRAIN}."
            )
    trained = _range(conditions, "density_per_um2_frame")
    if trained is not None:
        # micrometres are the simulation's; the network sees pixels
        edge_um = float(conditions.get("pixel_size_nm", 100.0)) / 1000.0
        found = recording.molecules_per_px_frame * 1000.0
        most = trained[1] * edge_um**2 * 1000.0
        if found > _SHARE_FOUND * most:
            yield (
                f"{found:.3g} molecules were found per 1000 pixels and frame, which takes more"
                f" than the {most:.3g} that the network was trained for: use --method gaussian,"
                f" record with fewer molecules on at a time, or {_TRAIN}."
            )
    trained = _range(conditions, "on_frames")
    if recording.on_frames is not None and trained is not None:
        # a blink of T frames is seen in one more
        if recording.on_frames > _TIME_SLACK * (trained[1] + 1.0):
            yield (
                f"A molecule shines for {recording.on_frames:.0f} frames (mean) and"
                f" {_for(trained, 'frames')}: average frames before, use --method gaussian, or"
                f" {_TRAIN}."
            )


def _of_the_camera(recording: RecordingConditions, conditions: Mapping[str, Any]) -> Iterator[str]:
    source = "estimated from the movie" if recording.camera_estimated else "of the camera given"
    excess = recording.excess_noise_factor
    gain, trained = recording.gain_e_per_adu, _range(conditions, "gain_e_per_adu", excess)
    # finer grey values than trained for take nothing away, unless a codec rounds them
    coded = recording.codec not in _UNCODED
    scale = 2.0 ** (recording.bit_depth - 8)
    if trained is not None and (
        gain > trained[1] * _CAMERA_SLACK or (coded and gain * scale < trained[0] / _CAMERA_SLACK)
    ):
        yield (
            f"A grey value is {gain:.3g} photoelectrons ({source}) and"
            f" {_for(trained, 'photoelectrons')}: check --camera, use --method gaussian, or"
            f" {_TRAIN}."
        )
    noise, trained = recording.read_noise_e, _range(conditions, "read_noise_e", excess)
    if trained is not None and noise > trained[1] * _CAMERA_SLACK:
        yield (
            f"The read noise is {noise:.3g} photoelectrons ({source}) and"
            f" {_for(trained, 'photoelectrons')}: check --camera, use --method gaussian, or"
            f" {_TRAIN}."
        )


def _of_the_codec(recording: RecordingConditions, conditions: Mapping[str, Any]) -> Iterator[str]:
    shares = {
        codec: float(conditions[f"{codec}_share"])
        for codec in ("h264", "hevc", "vp9")
        if f"{codec}_share" in conditions
    }
    if not shares:
        return
    trained = [codec for codec, share in shares.items() if share > 0]
    uncoded = sum(shares.values()) < 1.0 - 1e-6
    if recording.codec in _UNCODED:
        if not uncoded:
            yield (
                f"The movie is not compressed and the network was trained for"
                f" {_listed(trained)} only: use --method gaussian or the network that comes along."
            )
    elif recording.codec not in trained:
        known = _listed(trained) if trained else "uncoded movies"
        yield (
            f"The video's codec is {recording.codec} and the network was trained for {known}:"
            " compare with --method gaussian, or record in one of these."
        )
    most = conditions.get("crf")
    if most is not None and recording.median_qp is not None:
        limit = float(most[1]) + _MOST_QP_OVER_CRF
        if recording.median_qp > limit:
            yield (
                f"The video is coded with a median QP of {recording.median_qp:.0f} and the network"
                f" was trained for about {limit:.0f} at most: record with a higher bit rate (what"
                " is lost no method brings back)."
            )


def _range(conditions: Mapping[str, Any], name: str, scale: float = 1.0) -> Range | None:
    ends = conditions.get(name)
    return None if ends is None else (float(ends[0]) * scale, float(ends[1]) * scale)


def _most_background(conditions: Mapping[str, Any]) -> float | None:
    even = _range(conditions, "background_photons")
    if even is None:
        return None
    haze = _range(conditions, "haze_photons")
    with_haze = haze is not None and float(conditions.get("haze_share", 0.0)) > 0
    return even[1] + (haze[1] if haze is not None and with_haze else 0.0)


def _for(trained: Range, unit: str) -> str:
    return f"the network was trained for {_number(trained[0])} to {_number(trained[1])} {unit}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _listed(names: list[str]) -> str:
    spoken = [{"h264": "H.264", "hevc": "HEVC", "vp9": "VP9"}[name] for name in names]
    return " and ".join(filter(None, [", ".join(spoken[:-1]), *spoken[-1:]]))
