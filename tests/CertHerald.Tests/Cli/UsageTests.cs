using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Cli;

[Collection(ProgramTests.Name)]
public sealed class UsageTests
{
    [Theory]
    [InlineData("demo")]
    [InlineData("watch")]
    [InlineData("run")]
    [InlineData("scan")]
    [InlineData("cert")]
    [InlineData("testlog serve")]
    [InlineData("check-config")]
    [InlineData("version")]
    public async Task Every_command_shows_its_use_with_an_example(string command)
    {
        Ended ended = (await Certherald.RunAsync([.. command.Split(' '), "--help"])).With(0);

        Assert.Contains("Usage:", ended.Output, StringComparison.Ordinal);
        Assert.Contains("Example", ended.Output, StringComparison.Ordinal);
        Assert.Contains($"  certherald {command}", ended.Output, StringComparison.Ordinal);
        Assert.Equal("", ended.Errors);
    }

    [Fact]
    public async Task The_version_names_the_program_and_its_runtime()
    {
        Ended ended = (await Certherald.RunAsync("version")).With(0);
        Assert.Matches(@"^certherald \d+\.\d+\.\d+\S* \(\.NET \d+\.\d+\.\d+, \S+\)\n$", ended.Output);
    }

    [Theory]
    [InlineData("wach", "wach")]
    [InlineData("run --confg x", "--confg")]
    [InlineData("watch .example.com", "--webhook")]
    [InlineData("scan --until", "--until")]
    [InlineData("testlog serve --port many", "many")]
    [InlineData("", "--help")]
    public async Task What_cannot_be_understood_ends_with_2_and_points_to_the_help(string line, string named)
    {
        Ended ended = (await Certherald.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).With(2);

        Assert.Contains(named, ended.Errors, StringComparison.Ordinal);
        Assert.Contains("--help", ended.Errors, StringComparison.Ordinal);
        Assert.Equal("", ended.Output);
    }

    [Theory]
    [InlineData("scan --watch *.example.com", "*.example.com")]
    [InlineData("scan", "--watch")]
    [InlineData("scan --watch .example.com --from yesterday", "--from")]
    [InlineData("scan --watch .example.com --log-list http://logs.example/list.json", "https")]
    [InlineData("watch .example.com --webhook gopher://siem.example.com/", "--webhook")]
    [InlineData("cert", "--jsonl")]
    public async Task What_cannot_be_used_ends_with_2_and_a_remedy(string line, string named)
    {
        Ended ended = (await Certherald.RunAsync(line.Split(' '))).With(2);
        Assert.Contains(named, ended.Errors, StringComparison.Ordinal);
        Assert.Equal("", ended.Output);
    }

    [Theory]
    [InlineData("cert /does/not/exist.pem")]
    [InlineData("testlog serve --corpus /does/not/exist.pem")]
    [InlineData("scan --watch .example.com --log-list /does/not/exist.json")]
    public async Task A_file_that_is_not_there_is_named_and_ends_with_1(string line)
    {
        Ended ended = (await Certherald.RunAsync(line.Split(' '))).With(1);
        Assert.Contains("/does/not/exist", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
    }
}
