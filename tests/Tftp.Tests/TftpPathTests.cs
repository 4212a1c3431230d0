namespace Cozy.Fleet.Tftp.Tests;

public sealed class TftpPathTests
{
    [Theory]
    [InlineData("undionly.kpxe", "undionly.kpxe")]
    [InlineData("/b/abc/snponly.efi", "b/abc/snponly.efi")]
    [InlineData("b//abc///snponly.efi", "b/abc/snponly.efi")]
    [InlineData("\\b\\abc\\snponly.efi", "b/abc/snponly.efi")]
    [InlineData("undionly.kpxe\u00ff", "undionly.kpxe")] // an Intel ROM's last byte
    [InlineData("..hidden", "..hidden")]
    public void What_firmware_writes_oddly_is_mended(string name, string path)
    {
        Assert.True(TftpPath.TryNormalize(name, out var normal));
        Assert.Equal(path, normal);
    }

    [Theory]
    [InlineData("../etc/shadow")]
    [InlineData("b/../../etc/shadow")]
    [InlineData("..\\..\\etc\\shadow")]
    [InlineData("b/./x")]
    [InlineData("C:\\boot\\x")]
    [InlineData("b/x\ny")]
    [InlineData("")]
    [InlineData("///")]
    public void What_leaves_the_root_is_refused(string name) => Assert.False(TftpPath.TryNormalize(name, out _));
}
