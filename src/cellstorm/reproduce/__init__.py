"""The figures of the cellSTORM paper made again, from simulation to picture and table.

In comes the name of a figure (`FIGURE_NAMES`) and a `Request`; out go a picture, tables beside
the paper's numbers and sentences that say where we agree (`reproduce`). All science is done by
the other rooms.
"""

from cellstorm.reproduce.figure_table import FigureTable
from cellstorm.reproduce.figures import FIGURE_NAMES, reproduce
from cellstorm.reproduce.request import Request
from cellstorm.reproduce.result import Reproduction
from cellstorm.reproduce.workshop import StepListener

__all__ = ["FIGURE_NAMES", "FigureTable", "Reproduction", "Request", "StepListener", "reproduce"]
