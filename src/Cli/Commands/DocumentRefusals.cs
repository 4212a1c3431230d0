using Cozy.Fleet.Cli.Connect;
using Cozy.Fleet.Cli.Files;
using Cozy.Fleet.Cli.Hosting;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>A document cannot be written, for a reason that this program knows by itself.</summary>
internal sealed class DocumentRefusal(string message) : Exception(message);

/// <summary>What the coordinator refused, each with the place in the file that it complains about.</summary>
internal sealed class DocumentRefusals
{
    private readonly List<string> found = [];
    private int documents;

    /// <summary>Null when the document was refused; what else goes wrong is thrown on.</summary>
    public async Task<string?> CollectAsync(Document document, Func<Task<string>> write)
    {
        try
        {
            return await write();
        }
        catch (DocumentRefusal refusal)
        {
            Add(document, [$"{document.Start}: {refusal.Message}"]);
        }
        catch (RpcException error) when (IsAboutTheDocument(error.StatusCode))
        {
            var violations = CallFailure.Violations(error);
            Add(document, violations.Count == 0
                ? [$"{document.Start}: {document.Kind.Reference(document.Resource)}: {error.Status.Detail}"]
                : violations.Select(violation =>
                    $"{document.PlaceOf(violation.Field)}: {FieldPath.AsWritten(violation.Field)}: {violation.Description}"));
        }
        return null;
    }

    public void ThrowIfAny(int all)
    {
        if (documents > 0)
            throw new Failure(ExitCode.Refused, $"The coordinator refused {documents} of {all} documents:", found);
    }

    private void Add(Document document, IEnumerable<string> lines)
    {
        documents++;
        found.AddRange(lines.DefaultIfEmpty($"{document.Start}: refused"));
    }

    private static bool IsAboutTheDocument(StatusCode code) => code is
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.AlreadyExists or StatusCode.Aborted
        or StatusCode.NotFound or StatusCode.OutOfRange or StatusCode.ResourceExhausted or StatusCode.PermissionDenied;
}
