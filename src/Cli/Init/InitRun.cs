using Cozy.Fleet.Cli.Files;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Init;

/// <summary>One run of `cluster init`: answers, plan, documents, and then what they say.</summary>
internal sealed class InitRun(Session session, InitRequest request)
{
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var dialog = session.Terminal.Dialog;
        if (dialog is null && request.AnswersFile is null)
            throw new Failure(ExitCode.Usage, "Nobody can be asked here: give the answers with --answers FILE.");
        if (dialog is null && request is { Yes: false, WriteOnly: false })
            throw new Failure(ExitCode.Usage, "Nobody can be asked here: add --yes to install the machines, or --write-only.");
        if (await session.Resources.FindAsync(KindTable.Cluster, request.Name, cancellation) is not null)
            throw new Failure(ExitCode.Refused,
                $"There is a cluster {request.Name} already: `cozyfleet cluster wait {request.Name}` shows how it gets on.");

        var plan = request.AnswersFile is { } file
            ? await ReadAsync(file, cancellation) : await AskAsync(new(dialog!, cancellation), cancellation);
        await session.PrintAsync(InitSummary.Lines(plan));
        var apply = new InitApply(session, plan, request);
        await apply.WriteAsync(path => ConfirmAsync($"{path} is there already. Write over it?", cancellation));
        await apply.CheckAsync(cancellation);
        if (request.WriteOnly)
            return ExitCode.Ok;
        var machines = plan.Machines.Count == 1 ? "this machine" : $"these {plan.Machines.Count} machines";
        if (!await ConfirmAsync($"Install {machines}? What is on the disks named above is lost.", cancellation))
            throw new Failure(ExitCode.Refused, $"Nothing was done; {apply.DocumentsPath} says what would be.");
        await apply.DoAsync(cancellation);
        return ExitCode.Ok;
    }

    private async Task<InitPlan> ReadAsync(string path, CancellationToken cancellation)
    {
        var file = AnswersFile.Read(path, session.Terminal.Input);
        var rack = RackOf(await Inventory.RacksAsync(session, cancellation), file);
        var inventory = await Inventory.ReadAsync(session, rack, cancellation);
        return InitPlan.Make(request.Name, file.Answers, inventory, out var problems) ?? throw Wrong(file, problems);
    }

    private async Task<InitPlan> AskAsync(Questions ask, CancellationToken cancellation)
    {
        var racks = await Inventory.RacksAsync(session, cancellation);
        var rack = request.Rack is null ? await InitDialog.RackAsync(ask, racks)
            : racks.FirstOrDefault(rack => rack.Metadata.Name == request.Rack)
                ?? throw new Failure(ExitCode.Usage, $"There is no rack '{request.Rack}' as --rack says.");
        var inventory = await Inventory.ReadAsync(session, rack, cancellation);
        var answers = await new InitDialog(ask, request.Name, inventory).AnswersAsync();
        await KeepAsync(answers, ask);
        return InitPlan.Make(request.Name, answers, inventory, out _)!;
    }

    // Beside the directory, not in it: `apply -f` reads every file of that.
    private async Task KeepAsync(ClusterAnswers answers, Questions ask)
    {
        var path = $"{request.Directory.TrimEnd('/')}.answers.yaml";
        var question = File.Exists(path) ? $"Write these answers over those in {path}?" : $"Keep these answers in {path}, for --answers?";
        if (!await ask.YesAsync(question, before: true))
            return;
        await AnswersFile.WriteAsync(path, answers);
        await session.PrintAsync($"wrote {path}");
    }

    private Rack RackOf(IReadOnlyList<Rack> racks, AnswersFile file)
    {
        var said = file.Answers.Rack;
        if (said != "" && request.Rack is { } other && other != said)
            throw Wrong(file, [new("rack", $"'{said}' is not the rack '{other}' of --rack")]);
        var wanted = request.Rack ?? said;
        var names = string.Join(", ", racks.Select(rack => rack.Metadata.Name).DefaultIfEmpty("there is none"));
        return wanted == ""
            ? racks is [var only] ? only : throw Wrong(file, [new("rack", $"is missing, and --rack is, too: {names}")])
            : racks.FirstOrDefault(rack => rack.Metadata.Name == wanted)
                ?? throw Wrong(file, [new("rack", $"there is no rack '{wanted}': {names}")]);
    }

    private static Failure Wrong(AnswersFile file, IReadOnlyList<AnswerProblem> problems) => new(
        ExitCode.Usage, problems.Count == 1 ? "An answer cannot be used:" : $"{problems.Count} answers cannot be used:",
        [.. problems.Select(file.Said)]);

    private async Task<bool> ConfirmAsync(string question, CancellationToken cancellation) =>
        request.Yes || (session.Terminal.Dialog is { } dialog
            && await new Questions(dialog, cancellation).YesAsync(question, before: false));
}
