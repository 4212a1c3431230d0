using System.Net;
using System.Text.Json.Nodes;
using Cozy.Fleet.Agent.Kubernetes;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Pki;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cozy.Fleet.Agent.Tests.Kubernetes;

/// <summary>The Node of a machine that is dead, deleted from an API server that holds one.</summary>
public sealed class NodeMaintenanceTests : IAsyncDisposable
{
    private readonly List<string> deleted = [];
    private readonly WebApplication api;
    private string ready = "Unknown";
    private int version = 1;

    // What happens right before a deletion arrives.
    private Action between = () => { };

    public NodeMaintenanceTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        api = builder.Build();
        api.MapGet("/api/v1/nodes/w-1", context => context.Response.WriteAsync(Node().ToJsonString(), Cancellation));
        api.MapDelete("/api/v1/nodes/w-1", DeleteAsync);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_Node_that_is_not_Ready_is_deleted_exactly_as_it_was_seen()
    {
        Assert.Null(await RunAsync("w-1"));
        Assert.Equal(["u1/1"], deleted);
    }

    [Fact]
    public async Task A_Node_that_is_Ready_stays()
    {
        ready = "True";
        Assert.Equal("Kubernetes says that the Node w-1 is Ready, so its machine lives", await RunAsync("w-1"));
        Assert.Empty(deleted);
    }

    [Fact]
    public async Task One_that_Kubernetes_does_not_have_is_gone_already()
    {
        Assert.Null(await RunAsync("w-2"));
        Assert.Empty(deleted);
    }

    [Theory]
    [InlineData("Unknown", "u1/2")]
    [InlineData("True", null)]
    public async Task One_that_changed_in_between_is_looked_at_again(string readyThen, string? gone)
    {
        between = () => (version, ready) = (2, readyThen);
        Assert.Equal(gone is null, await RunAsync("w-1") is not null);
        Assert.Equal(gone is null ? [] : [gone], deleted);
    }

    public ValueTask DisposeAsync() => api.DisposeAsync();

    private async Task<string?> RunAsync(string node)
    {
        await api.StartAsync(Cancellation);
        var now = TimeProvider.System.GetUtcNow();
        var ca = CertificateAuthority.Create("O=kubernetes", PrivateKey.NewP256(), now, TimeSpan.FromHours(1));
        var leaf = ca.Issue(new("agent", [], now, TimeSpan.FromHours(1)));
        using var client = new KubernetesClient(new()
        {
            Endpoints = { api.Urls }, Ca = ca.CertificatePem, Certificate = leaf.Certificate, Key = leaf.Key,
        });
        return await new NodeMaintenance(client, node, TimeProvider.System, Cancellation).DeleteAsync();
    }

    private JsonObject Node() => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "w-1", ["uid"] = "u1", ["resourceVersion"] = $"{version}" },
        ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready }) },
    };

    private async Task DeleteAsync(HttpContext context)
    {
        between();
        var wanted = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: Cancellation))!["preconditions"]!;
        if (wanted["resourceVersion"]!.ToString() == $"{version}")
            deleted.Add($"{wanted["uid"]}/{wanted["resourceVersion"]}");
        else
            context.Response.StatusCode = (int)HttpStatusCode.Conflict;
    }
}
