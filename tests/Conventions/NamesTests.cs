using Cozy.Fleet.Conventions.Rules;

namespace Cozy.Fleet.Conventions;

public sealed class NamesTests
{
    [Fact]
    public void Types_are_named_after_what_they_do() =>
        Verdict.Clean(Repository.Files(["src", "tests", "bench"], ".cs").SelectMany(Names.EmptyWords));

    [Theory]
    [InlineData("class BootManager;", true)]
    [InlineData("record ManagerOfRacks;", true)]
    [InlineData("interface IStringHelper;", true)]
    [InlineData("struct FileUtils;", true)]
    [InlineData("enum StoreImpl { A }", true)]
    [InlineData("class Outer { sealed record Helpers; }", true)]
    [InlineData("class ImplicitConversion;", false)]
    [InlineData("class Utilization;", false)]
    [InlineData("class Management;", false)]
    public void A_word_counts_when_it_is_a_whole_word_of_the_name(string text, bool found) =>
        Assert.Equal(found, Names.EmptyWords(new("a.cs", text)).Any());
}
