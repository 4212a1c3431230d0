// Each of these tests starts a whole fleet, in a network of its own, and waits for its machines most of the time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.All, MaxThreads = 2)]
