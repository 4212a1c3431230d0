using System.Text.Json;
using System.Text.Json.Nodes;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Power.Redfish;

/// <summary>A BMC that speaks Redfish (DSP0266, ComputerSystem of DSP2046).</summary>
internal sealed class RedfishBmc(RedfishClient client, string systemId = "") : IBmc
{
    private static readonly string[] Networks = ["Pxe", "UefiHttp"];
    private static readonly string[] Disks = ["Hdd"];

    private string path = "";

    public async Task<PowerStatus> ReadAsync(CancellationToken cancellation)
    {
        var system = (await SystemAsync(cancellation)).Json;
        var target = system.Text("Boot", "BootSourceOverrideEnabled") is "Once" or "Continuous" ? system.Text("Boot",
            "BootSourceOverrideTarget") : "";
        return new()
        {
            State = State(system.Text("PowerState")),
            NextBoot = Networks.Contains(target) ? NextBoot.Network : Disks.Contains(target) ? NextBoot.Disk : NextBoot.Unspecified,
            NextBootDetail = target == "None" ? "" : target,
            Machine = string.Join(' ', new[] { system.Text("Manufacturer"), system.Text("Model"),
                system.Text("SerialNumber") }.Where(t => t != "")),
        };
    }

    public async Task PushAsync(PowerPush push, CancellationToken cancellation)
    {
        var system = await SystemAsync(cancellation);
        if (system.Json.At("Actions", "#ComputerSystem.Reset") is not { } reset)
            throw new BmcException(BmcFailure.Unsupported, "the BMC's system has no action that switches it");
        var type = await ChooseAsync(reset, push, cancellation);
        var target = reset.Text("target") is { Length: > 0 } said ? said : $"{system.Path}/Actions/ComputerSystem.Reset";
        await client.ChangeAsync(HttpMethod.Post, target, new() { ["ResetType"] = type }, "", cancellation);
    }

    public async Task SetNextBootAsync(NextBoot next, bool uefi, CancellationToken cancellation)
    {
        if (next == NextBoot.Unspecified)
            return;
        var system = await SystemAsync(cancellation);
        // AMI keeps the settings of the next start in a resource of their own, and refuses them here.
        var place = system.Json.Text("@Redfish.Settings", "SettingsObject", "@odata.id") is { Length: > 0 } settings
            ? await client.GetAsync(settings, cancellation) : system;
        var target = Target(next, system.Json);
        var boot = new JsonObject { ["BootSourceOverrideEnabled"] = "Once", ["BootSourceOverrideTarget"] = target };
        // Some refuse a mode that they do not show.
        if (system.Json.At("Boot", "BootSourceOverrideMode") is not null)
            boot["BootSourceOverrideMode"] = uefi ? "UEFI" : "Legacy";
        await client.ChangeAsync(HttpMethod.Patch, place.Path, new() { ["Boot"] = boot }, place.Tag, cancellation);
        var kept = (await client.GetAsync(place.Path, cancellation)).Json;
        if (kept.Text("Boot", "BootSourceOverrideTarget") != target || kept.Text("Boot", "BootSourceOverrideEnabled") == "Disabled")
            throw new BmcException(BmcFailure.Refused, $"the BMC was told to start from {target} next, and did not keep it");
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private static PowerState State(string word) => word switch
    {
        "On" => PowerState.On,
        "Off" => PowerState.Off,
        "PoweringOn" => PowerState.TurningOn,
        "PoweringOff" => PowerState.TurningOff,
        _ => PowerState.Unspecified,
    };

    private static string Target(NextBoot next, JsonElement system)
    {
        var wanted = next == NextBoot.Network ? Networks : Disks;
        var allowed = system.Texts("Boot", "BootSourceOverrideTarget@Redfish.AllowableValues");
        return wanted.FirstOrDefault(word => allowed?.Contains(word) ?? true) ?? throw new BmcException(BmcFailure.Unsupported,
            $"the BMC cannot start the machine from {string.Join(" or ", wanted)}; it offers {string.Join(", ", allowed!)}");
    }

    private async Task<string> ChooseAsync(JsonElement reset, PowerPush push, CancellationToken cancellation)
    {
        string[] wanted = push switch
        {
            PowerPush.On => ["On", "ForceOn"],
            PowerPush.SoftOff => ["GracefulShutdown"],
            PowerPush.HardOff => ["ForceOff"],
            _ => ["PowerCycle", "ForceRestart"],
        };
        var allowed = reset.Texts("ResetType@Redfish.AllowableValues");
        if (allowed is null && reset.Text("@Redfish.ActionInfo") is { Length: > 0 } info)
        {
            var parameters = (await client.GetAsync(info, cancellation)).Json.Objects("Parameters");
            allowed = parameters.Where(p => p.Text("Name") == "ResetType").Select(p => p.Texts("AllowableValues")).FirstOrDefault();
        }
        return wanted.FirstOrDefault(word => allowed?.Contains(word) ?? true) ?? throw new BmcException(BmcFailure.Unsupported,
            $"the BMC does not know {string.Join(" or ", wanted)}; it offers {string.Join(", ", allowed!)}");
    }

    // Found once, and read anew each time.
    private async Task<RedfishResource> SystemAsync(CancellationToken cancellation)
    {
        if (path == "")
            path = await FindAsync(cancellation);
        return await client.GetAsync(path, cancellation);
    }

    private async Task<string> FindAsync(CancellationToken cancellation)
    {
        var root = await client.OpenAsync(cancellation);
        var systems = root.Json.Text("Systems", "@odata.id") is { Length: > 0 } link ? link : "/redfish/v1/Systems";
        var paths = (await client.GetAsync(systems, cancellation)).Json.Objects("Members").Select(m =>
            m.Text("@odata.id")).Where(p => p != "").ToArray();
        var found = systemId == "" ? paths : [.. paths.Where(p => Id(p) == systemId)];
        if (found.Length == 1)
            return found[0];
        var names = paths.Length == 0 ? "none" : string.Join(", ", paths.Select(Id));
        throw new BmcException(BmcFailure.Refused, systemId == ""
            ? $"the BMC stands for {paths.Length} systems ({names}); tell which one is the machine's"
                : $"the BMC has no system {systemId}; it has {names}");
    }

    private static string Id(string path) => path.TrimEnd('/').Split('/')[^1];
}
