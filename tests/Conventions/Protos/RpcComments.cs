namespace Cozy.Fleet.Conventions.Protos;

/// <summary>Every call of the public API says what it does: reflection and generated clients show the comment to people who have nothing else.</summary>
internal static class RpcComments
{
    public static IEnumerable<Finding> Check(string path, string text)
    {
        var lines = text.Split('\n').Select(line => line.Trim()).ToList();
        return from line in lines.Index()
               where line.Item.StartsWith("rpc ", StringComparison.Ordinal)
                   && (line.Index == 0 || !lines[line.Index - 1].StartsWith("//", StringComparison.Ordinal))
               select new Finding(path, line.Index + 1, $"{line.Item.Split('(')[0]} has no comment");
    }
}
