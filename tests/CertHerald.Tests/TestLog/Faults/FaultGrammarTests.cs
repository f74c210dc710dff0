using System.CommandLine;
using CertHerald.Cli;
using CertHerald.TestLog.Faults;

namespace CertHerald.Tests.TestLog.Faults;

public sealed class FaultGrammarTests
{
    /// <summary>The switches of the specification's table of faults, F1 to F41, and the two that pacing is tested with.</summary>
    private static readonly string[] Specified =
    [
        "page=1", "page=32", "page=random", "align", "count=none", "count=more", "end=strict", "retry-after", "body=403", "slow=stall", "bomb=body", "json=slash",
        "head=older", "head=resign", "head=fork", "head=rewrite", "head=badsig", "head=stale", "head=future", "flip=100,times=1", "missing=100-200,for=30s", "dup",
        "entry=type", "extra=none", "preca", "time", "no=get-sth-consistency", "proof=wrong", "size=65536", "gzip=unasked", "partial", "tile=lag", "tile=len",
        "tile=flip", "ext=wrong", "prune=512", "issuer=404", "note=grease", "cache", "freeze=at", "gone=refused", "list=signature", "redirect", "grow=10",
        "delay=150", "rate=8",
    ];

    [Fact]
    public void Every_switch_of_the_specification_is_there_and_no_name_without_one()
    {
        Assert.All(Specified, text => Assert.Equal(text, Fault.Parse(text).ToString()));
        Assert.Equal(Fault.Names.Order(StringComparer.Ordinal), Specified.Select(Fault.NameIn).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_documentation_has_a_row_for_every_name_and_for_no_other()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Architecture.SourceFile.Root, "docs", "testlog.md"));
        IEnumerable<string> rows = lines.SkipWhile(line => line != "### Answers").Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]);
        Assert.Equal(Fault.Names.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("flip=100")]
    [InlineData("flip,at=7")]
    [InlineData("entry=cut,at=5-9,times=3")]
    [InlineData("body=503,on=get-entries+data,for=500ms")]
    [InlineData("rate=8/2,on=entries")]
    [InlineData("retry-after=1.5, times=2")]
    [InlineData("missing=3-9:503,times=2")]
    [InlineData("redirect=http://127.0.0.1:9/there?x=1")]
    public void A_fault_is_a_name_an_argument_and_limits(string text) => Assert.True(Fault.TryParse(text, out _, out string? problem), problem);

    [Theory]
    [InlineData("flop", "there is no fault \"flop\"")]
    [InlineData("", "there is no fault")]
    [InlineData("Flip", "there is no fault \"Flip\"")]
    [InlineData("head=oldest", "takes older, resign, fork")]
    [InlineData("page", "takes the most entries of an answer, or random")]
    [InlineData("page=0", "takes the most entries of an answer, or random")]
    [InlineData("missing", "takes an index or a range")]
    [InlineData("missing=9-3", "takes an index or a range")]
    [InlineData("missing=3-9:200", "takes an index or a range")]
    [InlineData("body=200", "takes a status from 400 on")]
    [InlineData("no=get-everything", "takes calls joined by +")]
    [InlineData("dup=3", "takes nothing")]
    [InlineData("rate=0", "takes requests a second")]
    [InlineData("flip,times=0", "times= takes a number from 1")]
    [InlineData("flip,for=30", "for= takes a time as 500ms")]
    [InlineData("flip,at=x", "at= takes an index")]
    [InlineData("page=3,at=1", "concerns no entries in particular")]
    [InlineData("page=3,on=data", "here of get-entries")]
    [InlineData("dup,on=data", "takes no on=")]
    [InlineData("flip,every=3", "there is no limit \"every\"")]
    [InlineData("flip,", "there is no limit \"\"")]
    public void What_is_wrong_with_a_fault_is_said_with_what_would_be_right(string text, string said)
    {
        Assert.False(Fault.TryParse(text, out _, out string? problem));
        Assert.Contains(said, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("flop=3", "did you mean \"flip\"?")]
    [InlineData("retry_after=3", "did you mean \"retry-after\"?")]
    [InlineData("head=forked", "older, resign, fork")]
    public void The_command_refuses_a_mistyped_fault_and_helps(string fault, string said)
    {
        ParseResult parsed = new RootCommand { TestLogCommand.Create() }.Parse(["testlog", "serve", "--fault", "page=3", "--fault", fault]);

        string error = Assert.Single(parsed.Errors).Message;
        Assert.StartsWith($"--fault {fault}: ", error, StringComparison.Ordinal);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_takes_as_many_faults_as_one_likes() =>
        Assert.Empty(new RootCommand { TestLogCommand.Create() }.Parse(["testlog", "serve", .. Specified.SelectMany(text => new[] { "--fault", text })]).Errors);
}
