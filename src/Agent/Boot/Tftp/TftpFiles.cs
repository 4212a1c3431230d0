using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>A file that a firmware loads and starts.</summary>
/// <param name="Name">As the client wrote it, made safe.</param>
/// <param name="File">Where it is on our disk.</param>
/// <param name="Session">The boot that it is loaded in; null when the name does not say.</param>
internal sealed record TftpLoader(string Name, string File, BootSession? Session);

/// <summary>What is served by TFTP: the loaders, as b/SESSION/NAME, or by the plain name for machines whose own configuration says so.</summary>
internal sealed class TftpFiles(AgentConfig config, BootSessions sessions, BootAnswers answers)
{
    /// <param name="name">As a client wrote it.</param>
    public bool TryFind(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TftpLoader? loader, out TftpRefusal refusal)
    {
        (loader, refusal) = (null, default);
        if (!TftpPath.TryNormalize(name, out var path))
            refusal = new(TftpError.AccessViolation, "That path is not served.", "path-refused");
        else if (Locate(path) is not { } file)
            refusal = new(TftpError.FileNotFound, "File not found.", "file-not-found");
        else if (SessionOf(path) is { Firmware: ClientFirmware.UefiArm64 } arm && answers.TryLeaveToItsDisk(arm))
            refusal = new(TftpError.FileNotFound, "This machine starts from its disk.", "disk");
        else
            loader = new(path, file, SessionOf(path));
        return loader is not null;
    }

    private BootSession? SessionOf(string path) => path.Split('/') is ["b", var id, _] ? sessions.Find(id) : null;

    private string? Locate(string path)
    {
        var name = path.Split('/') is ["b", _, var last] ? last : path;
        if (name != config.BiosLoader && name != config.UefiLoader && (name == "" || name != config.Arm64Loader))
            return null;
        var file = Path.Combine(config.IpxeDirectory, name);
        return File.Exists(file) ? file : null;
    }
}
