using Cozy.Fleet.Cli.Hosting;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Cli.Connect;

/// <summary>Where the coordinator is, which CA it must show, and who we are. PEM.</summary>
internal sealed record ContextFile(string Path, Uri Endpoint, string Ca, string Certificate, string Key)
{
    private static readonly string[] Keys = ["endpoint", "ca", "certificate", "key"];

    public static ContextFile Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, $"cannot be read: {error.Message}");
        }
        return Parse(path, text);
    }

    public static ContextFile Parse(string path, string text)
    {
        var values = Values(path, text);
        var missing = Keys.Where(key => !values.ContainsKey(key)).ToArray();
        if (missing.Length > 0)
            throw Wrong(path, $"lacks {string.Join(", ", missing)}");
        if (!Uri.TryCreate(values["endpoint"], UriKind.Absolute, out var endpoint) || endpoint.Scheme != Uri.UriSchemeHttps)
            throw Wrong(path, $"says endpoint: {values["endpoint"]}, which is not https://HOST:PORT");
        return new(path, endpoint, values["ca"], values["certificate"], values["key"]);
    }

    private static Dictionary<string, string> Values(string path, string text)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException error)
        {
            throw Wrong(path, $"is not YAML at line {error.Start.Line}");
        }
        if (yaml.Documents is not [{ RootNode: YamlMappingNode map }])
            throw Wrong(path, "is not one map of keys");
        var unknown = map.Children.Keys.Select(key => key.ToString()).Except(Keys).ToArray();
        if (unknown.Length > 0)
            throw Wrong(path, $"has the unknown key {unknown[0]}");
        return map.Children.ToDictionary(pair => pair.Key.ToString(), pair => (pair.Value as YamlScalarNode)?.Value ?? "");
    }

    private static Failure Wrong(string path, string problem) => new(
        ExitCode.Usage,
        $"The context file {path} {problem}; take a fresh copy of admin.yaml from the coordinator's data directory.");
}
