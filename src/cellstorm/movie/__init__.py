"""Movies in: any video, TIFF, Zarr, NumPy or camera file becomes one `Movie` of grey frames.

`open_movie` looks at a file's content, not only at its name, and gives back an object
whose frames are read chunk by chunk (never whole) exactly as coded, with timestamps,
pixel size and, for videos, what the codec did to each frame kept beside them.
"""

from cellstorm.movie.array import ArrayMovie
from cellstorm.movie.base import FrameChunk, Movie
from cellstorm.movie.codec_facts import CodecFacts, CodedFrames, PictureType, quantiser_step
from cellstorm.movie.open import open_movie

__all__ = [
    "ArrayMovie",
    "CodecFacts",
    "CodedFrames",
    "FrameChunk",
    "Movie",
    "PictureType",
    "open_movie",
    "quantiser_step",
]
