"""The "video quality" of 0 to 100 that MATLAB's VideoWriter takes, as quantisers."""

import numpy as np

__all__ = ["jpeg_scale_of_quality", "qp_of_quality", "vp9_crf_of_quality"]

# quality and QP; see `qp_of_quality`
_QUALITY = (0.0, 70.0, 100.0)
_QP = (51.0, 24.0, 16.0)


def qp_of_quality(quality_percent: float) -> int:
    """Quantisation parameter of H.264 and HEVC for a quality in per cent.

    MATLAB writes MPEG-4 through Windows' Media Foundation, whose H.264 encoder turns
    ``AVEncCommonQuality`` into a constant quantiser. Microsoft documents three things about
    that (H.264 Video Encoder, codec properties): the default quality 70 is QP 24, and QP
    lies between 16 and 51. We join these points by straight lines; what the encoder does
    in between is not published, so there the mapping is our choice. 100 is the finest, and
    not lossless.

    On the default phone movie (128 x 128 px, 1000 photons, GOP 31, x264 veryfast):

    | quality, % | QP | bits per pixel |
    |---|---|---|
    | 70 | 24 | 1.70 |
    | 80 | 21 | 2.30 |
    | 90 | 19 | 2.72 |
    | 100 | 16 | 3.27 |

    Parameters
    ----------
    quality_percent
        0 (coarsest) to 100 (finest).
    """
    return round(float(np.interp(quality_percent, _QUALITY, _QP)))


def vp9_crf_of_quality(quality_percent: float) -> int:
    """VP9's CRF (0 to 63) that leaves about the error of `qp_of_quality`.

    Our choice, after the root mean square error that libvpx and x264 left on the
    movie of `qp_of_quality`: VP9 at CRF 41, 24, 19, 14 and 9 as H.264 at QP 32, 24, 21, 19 and
    16, which are qualities 50, 70, 80, 90 and 100. VP9's coarsest is finer than H.264's.

    Parameters
    ----------
    quality_percent
        0 (coarsest) to 100 (finest).
    """
    return round(
        float(np.interp(quality_percent, (0.0, 50.0, 70.0, 100.0), (63.0, 41.0, 24.0, 9.0)))
    )


def jpeg_scale_of_quality(quality_percent: float) -> int:
    """ffmpeg's scale of the quantiser matrix (1 to 31) for a JPEG quality in per cent.

    libjpeg multiplies its tables by ``50 / q`` below and ``2 - q / 50`` above quality 50
    (Independent JPEG Group, ``jpeg_quality_scaling``). ffmpeg's matrix is MPEG-1's, which
    at scale 8 is about as coarse as libjpeg's at quality 50; the nearest scale is taken.

    Parameters
    ----------
    quality_percent
        0 (coarsest) to 100 (finest).
    """
    percent = max(quality_percent, 1.0)
    relative = 50.0 / percent if percent < 50.0 else 2.0 - percent / 50.0
    return int(np.clip(round(8.0 * relative), 1, 31))
