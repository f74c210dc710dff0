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
    [InlineData("lookalike")]
    [InlineData("keys add")]
    [InlineData("issuances authorize")]
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
    [InlineData("lookalike", "--domains")]
    [InlineData("lookalike example.com", "--names")]
    [InlineData("lookalike --domain example.com", "--names")]
    [InlineData("lookalike example..com paypal.com", "DOMAIN")]
    [InlineData("lookalike example.com paypal.com --names -", "--names")]
    public async Task What_cannot_be_used_ends_with_2_and_a_remedy(string line, string named)
    {
        Ended ended = (await Certherald.RunAsync(line.Split(' '))).With(2);
        Assert.Contains(named, ended.Errors, StringComparison.Ordinal);
        Assert.Equal("", ended.Output);
    }

    [Theory]
    [InlineData("lookalike facebook.com xn--facbook-9gg.ml notebook.org")]
    [InlineData("lookalike xn--facbook-9gg.ml notebook.org --domain facebook.com")]
    [InlineData("lookalike --domain facebook.com xn--facbook-9gg.ml notebook.org")]
    public async Task Names_are_judged_against_a_domain_that_stands_before_them_or_in_an_option(string line)
    {
        using var scratch = new Scratch();
        string[] lines = (await Certherald.RunAsync([.. line.Split(' '), "--data", scratch.Folder])).With(0).Lines;

        Assert.Matches(@"^xn--facbook-9gg\.ml: \d+ \((high|medium|low)\), \w+ of facebook\.com", lines[0]);
        Assert.Equal("notebook.org: imitates none", lines[^1]);
        Assert.DoesNotContain("facebook.com: ", string.Join('\n', lines), StringComparison.Ordinal);
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
