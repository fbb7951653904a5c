"""The story that runs on one machine: a rename of a column under live load, by everything that migsafe has.

`migsafe.demo.run.run_demo` tells it. All of it lives in one private folder, listens on 127.0.0.1 or in private sockets
only, and is gone when it ends, however it ends.
"""
