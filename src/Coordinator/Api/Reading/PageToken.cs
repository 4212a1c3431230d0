using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Coordinator.Api.Errors;

namespace Cozy.Fleet.Coordinator.Api.Reading;

/// <summary>Where the next page starts, bound to the kind and filter that it belongs to. Opaque to clients.</summary>
internal static class PageToken
{
    public const int DefaultSize = 100;
    public const int MaximumSize = 1000;

    /// <summary>The asked size within its bounds.</summary>
    public static int Size(int asked) => asked switch
    {
        < 0 => throw Problems.Of("page_size", "must not be negative"),
        0 => DefaultSize,
        _ => Math.Min(asked, MaximumSize),
    };

    public static string Write(string kind, string filter, string after) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{Bond(kind, filter)}:{after}"));

    /// <summary>What the page starts behind; empty for the first one.</summary>
    public static string Read(string kind, string filter, string token)
    {
        if (token == "")
            return "";
        var text = Base64Url.IsValid(token) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token)) : "";
        if (text.Split(':', 2) is not [var bond, var after] || bond.Length != 16)
            throw Problems.Of("page_token", "is not a token of this service; leave it empty to start over");
        if (bond != Bond(kind, filter))
            throw Problems.Of("page_token", "belongs to another filter; leave it empty to start over");
        return after;
    }

    private static string Bond(string kind, string filter) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{filter.Trim()}")))[..16];
}
