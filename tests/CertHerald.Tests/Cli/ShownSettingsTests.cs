using System.Collections;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Cli;

/// <summary>The settings that the console and the API show.</summary>
public sealed class ShownSettingsTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void No_secret_of_the_configuration_is_among_what_is_shown()
    {
        string password = _scratch.Write("password", "whsec_" + string.Concat(Enumerable.Repeat("canary", 8))), dead = _scratch.Write("dead", "https://watcher.example.com/canary?canary=1");
        string text = $$"""
            {
              "store": "Host=db.example.com;Username=certherald;Password=canary;Database=certherald",
              "outbound": { "proxy": "http://user:canary@proxy.example.com:3128" },
              "operator": { "dead_man_url": "file:{{dead}}" },
              "logs": { "lists": [{ "url": "https://lists.example.com/log_list.json?token=canary", "signed_by": "none" }] },
              "webhooks": [{ "name": "siem", "url": "https://user:canary@hooks.example.com/canary", "dialect": "native", "secret": "file:{{password}}" }]
            }
            """;
        CertHeraldOptions options = Read(text);

        string shown = string.Join('\n', ShownSettings.Of(options).Select(setting => $"{setting.Section} {setting.Name} {setting.Value}"));

        Assert.DoesNotContain("canary", shown, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("store PostgreSQL", shown, StringComparison.Ordinal);
        Assert.Contains("outbound.proxy one is used", shown, StringComparison.Ordinal);
        Assert.Contains("set: watcher.example.com", shown, StringComparison.Ordinal);
    }

    private CertHeraldOptions Read(string text) => Configuration.Read(_scratch.Write("certherald.json", text), new CommandLineOverrides(), new Hashtable());
}
