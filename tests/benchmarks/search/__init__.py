"""How good the suggestions are: nbsweep's search against others', on problems that are public or made here.

    python -m tests.benchmarks.search run --methods nbsweep random --seeds 10
    python -m tests.benchmarks.search report

Results are kept, a line a search, in a file that `run` goes on with where it was broken off. Peers are optional: what
cannot be imported is said and left out, so that the same command can be run from another environment, one a peer.
`synthetic`, `estimators` and `networks` hold the problems that the search was tuned on, `held_out` those that were run
when it was done, `held_out_later` those that were written after that.
"""
