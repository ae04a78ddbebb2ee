"""Two planar pushing tasks in which how a thing is done matters, as in X-MAGICAL (Zakka et al. 2021) and RAPL."""
