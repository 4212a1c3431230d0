namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>What an answer leaves behind: collecting it stops the loop that answers, for all machines of the rack.</summary>
public sealed class GarbageTests
{
    private const int Warm = 100;
    private const int Counted = 1000;

    [Fact]
    public void An_exchange_leaves_little_behind()
    {
        var rack = new Rack();
        var discover = Wire.Firmware(1, 7);
        var request = Rack.Selecting(new(), rack.Ask(discover).Reply!.YourAddress);
        var (discovered, requested) = (Wire.Request(discover), Wire.Request(request));
        Exchange(Warm);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Exchange(Counted);

        // Two requests read, two replies written. When it was twice as much, collections took a busy agent 5 ms ten times a second.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Counted, 500, 2000);

        void Exchange(int times)
        {
            Span<byte> written = stackalloc byte[1500];
            for (var i = 0; i < times; i++)
            {
                rack.Ask(discover, Rack.Loader).Reply!.Write(discovered, written);
                rack.Ask(request, Rack.Loader).Reply!.Write(requested, written);
            }
        }
    }
}
