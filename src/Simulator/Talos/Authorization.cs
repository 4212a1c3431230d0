using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Pki;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Connections.Features;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>Which role may call what (talos.md 1.3), and what maintenance mode answers (talos.md 3.2).</summary>
internal sealed class Authorization(TalosRun run) : Interceptor
{
    private const string Machine = "/machine.MachineService/";
    private const string Roles = "roles";

    private static readonly Dictionary<string, string> LowestRole = new()
    {
        [Machine + "ApplyConfiguration"] = "os:admin",
        [Machine + "Bootstrap"] = "os:admin",
        [Machine + "EtcdForfeitLeadership"] = "os:admin",
        [Machine + "EtcdRemoveMemberByID"] = "os:admin",
        [Machine + "Kubeconfig"] = "os:admin",
        [Machine + "MetaWrite"] = "os:admin",
        [Machine + "Reset"] = "os:admin",
        [Machine + "Rollback"] = "os:admin",
        [Machine + "Upgrade"] = "os:admin",
        ["/machine.LifecycleService/Upgrade"] = "os:admin",
        [Machine + "EtcdAlarmDisarm"] = "os:operator",
        [Machine + "EtcdDefragment"] = "os:operator",
        [Machine + "EtcdSnapshot"] = "os:operator",
        [Machine + "Reboot"] = "os:operator",
        [Machine + "ServiceRestart"] = "os:operator",
        [Machine + "Shutdown"] = "os:operator",
        ["/machine.ImageService/Pull"] = "os:operator",
    };

    // The tiny API up to 1.12.
    private static readonly string[] OldMaintenance =
    [
        Machine + "ApplyConfiguration", "/cosi.resource.State/Get", "/cosi.resource.State/List", "/cosi.resource.State/Watch",
        "/storage.StorageService/Disks",
    ];

    private static readonly string[] ForBackups =
        [Machine + "EtcdMemberList", Machine + "EtcdStatus", Machine + "EtcdAlarmList", Machine + "EtcdSnapshot"];

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, responseStream, context);
    }

    /// <summary>Sensitive resources are for these callers only.</summary>
    public static bool IsAdmin(ServerCallContext context) => ((IReadOnlyList<string>)context.UserState[Roles]).Contains("os:admin");

    private void Check(ServerCallContext context)
    {
        if (run.Flapping)
        {
            // The connection goes in the middle of the call, as when apid is restarted.
            context.GetHttpContext().Features.Get<IConnectionLifetimeFeature>()?.Abort();
            throw new RpcException(new(StatusCode.Unavailable, "connection closed"));
        }
        var certificate = context.GetHttpContext().Connection.ClientCertificate;
        var roles = certificate is null ? ["os:reader"] : RolesOf(certificate);
        context.UserState[Roles] = roles;
        if (certificate is null)
            CheckMaintenance(context.Method);
        else
            CheckRole(context.Method, roles);
    }

    // Up to 1.11 a config may switch roles off: then whoever has a certificate is an admin (talos.md 4.5).
    private IReadOnlyList<string> RolesOf(X509Certificate2 certificate) =>
        run.Version.IsAtLeast(1, 12) || run.Config is { ChecksRoles: true } ? CertificateCheck.Organizations(certificate) : ["os:admin"];

    private void CheckMaintenance(string method)
    {
        if (!run.Version.IsAtLeast(1, 13) && !OldMaintenance.Contains(method))
            throw new RpcException(new(StatusCode.Unimplemented, "API is not implemented in maintenance mode"));
        if (method != Machine + "ApplyConfiguration" && LowestRole.ContainsKey(method))
            throw new RpcException(new(StatusCode.PermissionDenied, "not authorized"));
    }

    private static void CheckRole(string method, IReadOnlyList<string> roles)
    {
        string[] enough = LowestRole.GetValueOrDefault(method, "os:reader") switch
        {
            "os:admin" => ["os:admin"],
            "os:operator" => ["os:admin", "os:operator"],
            _ => ["os:admin", "os:operator", "os:reader"],
        };
        if (ForBackups.Contains(method))
            enough = [.. enough, "os:etcd:backup"];
        if (!roles.Intersect(enough).Any())
            throw new RpcException(new(StatusCode.PermissionDenied, "not authorized"));
    }
}
