"""The paper's network (Diederich et al. 2019): a generator that turns a frame into a finer
picture of single pixels, the discriminator it learns against, its losses and its training."""
