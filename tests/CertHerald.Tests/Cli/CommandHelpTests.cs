using System.CommandLine;
using CertHerald.Cli;

namespace CertHerald.Tests.Cli;

public sealed class CommandHelpTests
{
    [Fact]
    public void Help_is_shown_to_who_has_not_given_what_the_command_requires()
    {
        RootCommand root = new RootCommand { WatchCommand.Create() }.WithHelp();

        Assert.NotEmpty(root.Parse(["watch"]).Errors);
        Assert.Empty(root.Parse(["watch", "--help"]).Errors);
    }
}
