using Cozy.Fleet.Cli.Init;

namespace Cozy.Fleet.Cli.Tests.Init;

public sealed class InitDocumentsTests
{
    [Theory]
    [InlineData("one-node")]
    [InlineData("three-1.11")]
    [InlineData("three-1.13")]
    [InlineData("bond")]
    public void Answers_become_documents(string name)
    {
        var answers = Machines.Answers(File.ReadAllText(Machines.PathOf($"{name}.answers.yaml")));

        var plan = InitPlan.Make("c1", answers, Machines.Inventory, out var problems);

        Assert.Empty(problems);
        Machines.AssertGolden($"{name}.yaml", InitDocuments.Text(plan!));
        Machines.AssertGolden($"{name}.txt", string.Join('\n', InitSummary.Lines(plan!)) + "\n");
    }

    [Fact]
    public void Answers_that_are_written_down_are_read_as_the_same_answers()
    {
        foreach (var file in Directory.EnumerateFiles(Machines.PathOf(""), "*.answers.yaml"))
        {
            var answers = Machines.Answers(File.ReadAllText(file));
            Assert.Equal(answers, Machines.Answers(AnswersFile.Text(answers)));
        }
    }
}
