using System.Text;
using Cozy.Fleet.Agent.Observe.Hints;

namespace Cozy.Fleet.Agent.Tests.Observe.Hints;

public sealed class KernelLogsTests
{
    private const string Line = """
        {"clock":1234,"facility":"kern","msg":"nvme nvme0: I/O timeout\n","priority":"warning","seq":17,"talos-level":"warn","talos-time":"2026-03-01T10:00:00.5Z"}
        """;

    private static readonly DateTimeOffset Now = new(2026, 3, 1, 10, 0, 1, TimeSpan.Zero);

    [Fact]
    public void A_record_is_read_with_its_time_and_level()
    {
        Assert.Equal(
            new KernelLine(0, Now, Now.AddSeconds(-0.5), "warn", "kern", "nvme nvme0: I/O timeout"), KernelLine.From(Encoding.UTF8.GetBytes(Line), Now));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<6>plain syslog")]
    [InlineData("[]")]
    [InlineData("""{"msg": 1}""")]
    [InlineData("""{"talos-level": "info"}""")]
    [InlineData("""{"msg": "\ud800"}""")]
    [InlineData("""{"msg": [[[[[[[[[[[[]]]]]]]]]]]]}""")]
    public void What_is_no_record_is_refused(string json)
    {
        Assert.Null(KernelLine.From(Encoding.UTF8.GetBytes(json), Now));
    }

    [Fact]
    public void Every_prefix_and_every_flipped_bit_is_a_record_or_refused_and_never_too_long()
    {
        var whole = Encoding.UTF8.GetBytes(Line);
        for (var length = 0; length < whole.Length; length++)
            KernelLine.From(whole.AsMemory(0, length), Now);
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var bytes = whole.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(KernelLine.From(bytes, Now) is not { } line || line.Text.Length <= KernelLine.LongestText);
        }
        Assert.Equal(KernelLine.LongestText, KernelLine.From(Encoding.UTF8.GetBytes($$"""{"msg":"{{new string('x', 9000)}}"}"""), Now)!.Text.Length);
    }

    [Fact]
    public void The_last_lines_of_each_machine_are_kept_and_read_on_from_where_one_was()
    {
        var logs = new KernelLogs();
        for (var number = 1; number <= KernelLogs.LinesPerMachine + 5; number++)
            logs.Add("m", Text($"{number}"));

        Assert.Equal(["6", "7"], logs.Read("m", 0, 2).Select(l => l.Text));
        Assert.Equal(["1004", "1005"], logs.Read("m", 1003, 10).Select(l => l.Text));
        Assert.Empty(logs.Read("other", 0, 10));
    }

    [Fact]
    public void Long_lines_leave_room_for_fewer()
    {
        var logs = new KernelLogs();
        for (var number = 0; number < 500; number++)
            logs.Add("m", Text(new string('x', KernelLine.LongestText)));

        Assert.Equal(KernelLogs.CharactersPerMachine / KernelLine.LongestText, logs.Read("m", 0, 500).Count);
    }

    [Fact]
    public void Of_too_many_machines_the_one_that_was_silent_for_longest_goes()
    {
        var logs = new KernelLogs();
        for (var machine = 0; machine < KernelLogs.Machines; machine++)
            logs.Add($"{machine}", Text("a"));
        logs.Add("0", Text("b"));
        logs.Add("another", Text("c"));

        Assert.Equal((2, 0, 1), (logs.Read("0", 0, 9).Count, logs.Read("1", 0, 9).Count, logs.Read("another", 0, 9).Count));
    }

    private static KernelLine Text(string text) => new(0, Now, null, "info", "kern", text);
}
