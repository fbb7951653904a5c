"""The deploy coordinator: which version of the code has traffic, step by step, and the way back.

It drives engines that exist, and decides only what nobody else knows: which versions may live on the schema as it is.
It changes no schema: what `migsafe run` has done is a gate that a step waits at.
"""
