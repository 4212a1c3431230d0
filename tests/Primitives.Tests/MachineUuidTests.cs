using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Primitives.Tests;

public sealed class MachineUuidTests
{
    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("ffffffff-ffff-ffff-ffff-ffffffffffff")]
    [InlineData("03000200-0400-0500-0006-000700080009")]
    [InlineData("not a uuid")]
    [InlineData(null)]
    public void What_does_not_tell_machines_apart_is_refused(string? text) =>
        Assert.False(MachineUuid.TryParse(text, out _));

    [Fact]
    public void Option_97_carries_the_first_three_fields_little_endian()
    {
        // As seen from OVMF for 11223344-5566-7788-99aa-bbccddeeff00 (netboot.md 4).
        var bytes = Convert.FromHexString("44332211665588779" + "9aabbccddeeff00");
        Assert.True(MachineUuid.TryFromSmbios(bytes, out var uuid));
        Assert.Equal("11223344-5566-7788-99aa-bbccddeeff00", uuid.ToString());

        var written = new byte[16];
        uuid.WriteSmbios(written);
        Assert.Equal(bytes, written);
    }

    [Fact]
    public void An_old_bios_shows_the_same_machine_under_a_swapped_text()
    {
        Assert.True(MachineUuid.TryParse("11223344-5566-7788-99aa-bbccddeeff00", out var uuid));
        Assert.Equal("44332211-6655-8877-99aa-bbccddeeff00", uuid.Swapped.ToString());
        Assert.Equal(uuid, uuid.Swapped.Swapped);
    }

    [Fact]
    public void Fifteen_bytes_are_refused() => Assert.False(MachineUuid.TryFromSmbios(new byte[15], out _));
}
