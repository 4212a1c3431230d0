using Cozy.Fleet.Talos.Api.Common;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Talos.Tests;

public sealed class TalosEventTests
{
    [Theory]
    [InlineData("talos/runtime/machine.")]
    [InlineData("type.googleapis.com/machine.")]
    public void The_pull_stream_and_the_sink_name_the_same_message_differently(string prefix)
    {
        var payload = new MachineStatusEvent { Stage = MachineStatusEvent.Types.MachineStage.Running, Status = new() { Ready = true } };

        Assert.Equal(new TalosEvent("MachineStatusEvent", "Running, ready", false), TalosEvent.From(Pack(payload, prefix)));
    }

    [Fact]
    public void A_fatal_error_that_names_the_reboot_is_an_ordinary_reboot()
    {
        var reboot = Sequence(Error.Types.Code.Fatal, "unix.Reboot(0x1234567)");

        Assert.Equal(new TalosEvent("SequenceEvent", "sequence upgrade noop", false), TalosEvent.From(Pack(reboot)));
    }

    [Theory]
    [InlineData(Error.Types.Code.Fatal, "disk /dev/vda is gone")]
    [InlineData(Error.Types.Code.Locked, "unix.Reboot was refused")]
    public void Every_other_error_of_a_sequence_is_a_failure(Error.Types.Code code, string message)
    {
        Assert.Equal(new TalosEvent("SequenceEvent", $"sequence upgrade noop: {message}", true), TalosEvent.From(Pack(Sequence(code, message))));
    }

    [Fact]
    public void Phases_tasks_and_unknown_messages_change_no_state()
    {
        Assert.False(TalosEvent.From(Pack(new PhaseEvent { Phase = "kexec" })).MayChangeState);
        Assert.False(TalosEvent.From(Pack(new TaskEvent { Task = "runningMaintenance" })).MayChangeState);
        Assert.False(TalosEvent.From(new Any { TypeUrl = "talos/runtime/machine.NewerEvent" }).MayChangeState);
        Assert.False(TalosEvent.From(null).MayChangeState);
    }

    [Fact]
    public void Damaged_bytes_of_strangers_say_nothing_and_throw_nothing()
    {
        var whole = Pack(Sequence(Error.Types.Code.Fatal, "something"));
        for (var bit = 0; bit < whole.Value.Length * 8; bit++)
        {
            var bytes = whole.Value.ToByteArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal("SequenceEvent", TalosEvent.From(new Any { TypeUrl = whole.TypeUrl, Value = ByteString.CopyFrom(bytes) }).Message);
        }
        for (var length = 0; length < whole.Value.Length; length++)
            Assert.NotNull(TalosEvent.From(new Any { TypeUrl = whole.TypeUrl, Value = ByteString.CopyFrom(whole.Value.Span[..length]) }));
    }

    private static SequenceEvent Sequence(Error.Types.Code code, string message) =>
        new() { Sequence = "upgrade", Action = SequenceEvent.Types.Action.Noop, Error = new() { Code = code, Message = message } };

    private static Any Pack(IMessage payload, string prefix = "talos/runtime/machine.") =>
        new() { TypeUrl = prefix + payload.Descriptor.Name, Value = payload.ToByteString() };
}
