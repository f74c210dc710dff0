using System.Collections;
using System.Diagnostics.Metrics;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Protecting;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Configuring;

public sealed class ConfigurationReloadTests : IAsyncDisposable
{
    private readonly Scratch _scratch = new();
    private Webhooks _webhooks = null!;
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald");
    private readonly KeptLog _log = new();
    private readonly ILoggerFactory _loggers;
    private DateTime _written = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);
    private TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ConfigurationReload? _reload;
    private Watched _watched = null!;
    private readonly OutboundGuard _guard = new(new OutboundOptions());
    private OpenIdProvider _openId = null!;
    private int _reads;

    public ConfigurationReloadTests() => _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IEnumerable<string> Watches => _watched.List.Items.Select(item => item.Text).Order(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        if (_reload is not null) await _reload.StopAsync(default);
        _reload?.Dispose();
        _openId?.Dispose();
        _loggers.Dispose();
        _meter.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task A_watch_file_that_changes_is_in_force_once_it_stands_still()
    {
        await StartAsync("one.example\n");

        Write("watchlist", "one.exa");
        await LookAsync();
        Assert.Equal(["one.example"], Watches);
        Write("watchlist", "one.example\ntwo.example\n");
        await LookAsync();
        Assert.Equal(["one.example"], Watches);
        await LookAsync();

        Assert.Equal(["one.example", "two.example"], Watches);
        Assert.Contains("Information: Configuration read again: 2 watch items, 1 before", _log.Lines);
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task What_apps_alone_watch_does_not_keep_an_empty_list_from_being_read_again()
    {
        await StartAsync("", new { public_url = "https://one.example" });
        _watched.AddOfApps(Names.WatchLists.Of(".app.test"));

        Configure(new { public_url = "https://one.example", watch = new[] { "two.example" } });
        await AskAsync();
        Configure(new { public_url = "https://one.example" });
        await AskAsync();
        Assert.Equal([".app.test", "two.example"], Watches);
        Assert.Contains("after 1 items", Assert.Single(_reload!.Mistakes).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apps_alone_reload()
    {
        await StartAsync("", new { public_url = "https://one.example" });
        _watched.AddOfApps(Names.WatchLists.Of(".app.test"));
        await AskAsync();
        Assert.Empty(_reload!.Mistakes);
    }

    [Fact]
    public async Task A_file_that_is_replaced_by_renaming_is_read_again()
    {
        await StartAsync("one.example\n");

        Write("fresh", "two.example\n");
        File.Move(_scratch.PathOf("fresh"), _scratch.PathOf("watchlist"), overwrite: true);
        await SettleAsync();

        Assert.Equal(["two.example"], Watches);
    }

    [Fact]
    public async Task The_configuration_itself_and_files_that_come_and_go_under_a_pattern_are_read_again()
    {
        await StartAsync("one.example\n");

        Configure(new { watch = new[] { "three.example" }, known = new { key_files = new[] { _scratch.PathOf("*.csr") } } });
        await SettleAsync();
        Assert.Equal(["three.example"], Watches);

        Write("new.csr", "no request");
        await SettleAsync();
        Assert.Contains("new.csr is no certificate signing request", Assert.Single(_reload!.Mistakes).Problem, StringComparison.Ordinal);

        File.Delete(_scratch.PathOf("new.csr"));
        await SettleAsync();
        Assert.Empty(_reload.Mistakes);
    }

    [Fact]
    public async Task Nothing_is_read_while_nothing_changes()
    {
        await StartAsync("one.example\n");

        for (int i = 0; i < 100; i++) await LookAsync();

        Assert.Equal(1, _reads);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task Who_asks_is_answered_at_once_and_changed_or_not_told_how_many_items_there_are()
    {
        await StartAsync("one.example\n");
        await AskAsync();
        Assert.Equal(["Information: Configuration read again: 1 watch items, 1 before"], _log.Lines);

        Write("watchlist", "one.example\n.two.example\n");
        await AskAsync();

        Assert.Equal([".two.example", "one.example"], Watches);
        await LookAsync();
        await LookAsync();
        Assert.Equal(3, _reads);
    }

    [Fact]
    public async Task Many_requests_before_a_reload_begins_are_one()
    {
        await StartAsync("one.example\n", begin: false);
        for (int i = 0; i < 10; i++) _reload!.Ask();

        await _reload!.StartAsync(Cancellation);
        await LookAsync();

        Assert.Equal(2, _reads);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# emptied by a script that failed\n")]
    [InlineData("one.example\n*.example.com\na..b.com\n")]
    public async Task W16_an_empty_or_broken_list_leaves_the_old_one_in_force_until_it_is_mended(string broken)
    {
        await StartAsync("one.example\ntwo.example\n");

        Write("watchlist", broken);
        await SettleAsync();

        Assert.Equal(["one.example", "two.example"], Watches);
        Assert.NotEmpty(_reload!.Mistakes);
        Assert.All(_reload.Mistakes, mistake => Assert.Contains($"Error: {mistake}", _log.Lines));
        Assert.Equal(broken.Contains('*', StringComparison.Ordinal) ? 2 : 1, _reload.Mistakes.Count);
        Assert.Contains("Error: The changed configuration cannot be used: the 2 watch items from before stay in force", _log.Lines);

        Write("watchlist", "three.example\n");
        await SettleAsync();
        Assert.Equal(["three.example"], Watches);
        Assert.Empty(_reload.Mistakes);
    }

    [Fact]
    public async Task An_emptied_file_beside_others_is_refused_as_well()
    {
        await StartAsync("one.example\n", new { watch = new[] { "kept.example" }, watch_files = new[] { _scratch.PathOf("watchlist") } });

        Write("watchlist", "");
        await SettleAsync();

        Assert.Equal(["kept.example", "one.example"], Watches);
    }

    [Fact]
    public async Task A_configuration_that_names_nothing_to_watch_any_more_is_refused_while_nothing_else_is_watched()
    {
        await StartAsync("one.example\n");
        Configure(new { watch = Array.Empty<string>() });
        await SettleAsync();
        Assert.Equal(["one.example"], Watches);
        Assert.NotEmpty(_reload!.Mistakes);

        _watched.Add(Names.WatchLists.Of("added.example"));
        await AskAsync();

        Assert.Equal(["added.example"], Watches);
        Assert.Empty(_reload.Mistakes);
    }

    [Fact]
    public async Task What_is_wrong_is_tried_again_unasked_and_told_once()
    {
        await StartAsync("one.example\n");
        string late = _scratch.PathOf("late");
        Configure(new { watch_files = new[] { late } });
        await SettleAsync();
        int told = _log.Lines.Count;

        for (TimeSpan waited = default; waited < ConfigurationReload.RetryInterval; waited += ConfigurationReload.LookInterval) await LookAsync();
        Assert.Equal(3, _reads);
        Assert.Equal(told, _log.Lines.Count);

        Write("late", "late.example\n");
        for (TimeSpan waited = default; waited < ConfigurationReload.RetryInterval; waited += ConfigurationReload.LookInterval) await LookAsync();
        Assert.Equal(["late.example"], Watches);
        Assert.Empty(_reload!.Mistakes);
    }

    [Fact]
    public async Task Rule_9_1_what_webhooks_may_reach_changes_without_a_restart_and_only_if_it_is_right()
    {
        string[] files = [_scratch.PathOf("watchlist")];
        await StartAsync("one.example\n", new { watch_files = files });
        Configure(new { watch_files = files, outbound = new { allow = new[] { "10.1.2.0/24" }, proxy = "http://user:canary@proxy.example:3128" } });
        await AskAsync();
        OutboundOptions inForce = _guard.Options;
        Assert.Equal("10.1.2.0/24", Assert.Single(inForce.Allow).ToString());
        Assert.Equal("http://proxy.example:3128", inForce.Proxy!.ToString());

        Configure(new { watch_files = files, outbound = new { proxy = "socks5://user:canary@proxy.example" } });
        await AskAsync();
        Assert.Same(inForce, _guard.Options);
        Assert.Contains(_log.Lines, line => line.Contains("outbound.proxy", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("canary", StringComparison.Ordinal) || line.Contains("restart", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_needs_a_restart_is_said_and_what_is_odd_only_once()
    {
        await StartAsync("one.example\n", new { watch_files = new[] { _scratch.PathOf("watchlist") }, listen = "http://127.0.0.1:1" });

        Configure(new { watch_files = new[] { _scratch.PathOf("watchlist") }, listen = "http://127.0.0.1:2", data = "elsewhere" });
        Write("watchlist", "one.example valid_at:2020-01-01\n");
        await SettleAsync();
        await AskAsync();

        Assert.Equal(2, _log.Lines.Count(line => line == "Warning: Changed, but in force only after a restart: data, listen"));
        Assert.Single(_log.Lines, line => line.Contains("valid_at", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_list_of_public_suffixes_that_comes_while_it_runs_is_in_force_and_a_broken_one_is_not()
    {
        await StartAsync(".co.uk\n.example.co.uk\n", new { watch_files = new[] { _scratch.PathOf("watchlist") }, data = _scratch.Folder });
        Assert.Null(_watched.Suffixes);

        Write(SuffixFile.Name, SomeSuffixes.List("co.uk"));
        await SettleAsync();

        Assert.NotNull(_watched.Suffixes);
        Assert.Single(_log.Lines, line => line.StartsWith("Warning: \".co.uk\" is a public suffix: every certificate below it will match", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("\".example.co.uk\"", StringComparison.Ordinal));

        Write(SuffixFile.Name, "com\nco.uk\n");
        await SettleAsync();

        Assert.Null(_watched.Suffixes);
        Assert.Single(_log.Lines, line => line.Contains("cannot be used, so watch items are not checked against it: it has 2 rules", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_quick_changes_are_one_reload()
    {
        await StartAsync("one.example\n");

        Write("watchlist", "one.example\ntwo.example\n");
        Write("watchlist", "one.example\nthree.example\n");
        await SettleAsync();
        await LookAsync();

        Assert.Equal(["one.example", "three.example"], Watches);
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task Changed_webhooks_are_in_force_without_a_restart()
    {
        object Of(params string[] names) => new { watch = new[] { "one.example" }, webhooks = names.Select(name => new { name, url = $"https://{name}.example/" }) };
        await StartAsync("", Of("left", "right"));

        Configure(Of("right", "new"));
        await SettleAsync();

        Assert.Equal(["right", "new"], _webhooks.All.Select(webhook => webhook.Name));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("only after a restart", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_changed_file_with_a_secret_is_in_force_without_a_restart()
    {
        Write("url", "https://old.example/hook");
        Write("client", "old");
        await StartAsync("", new
        {
            watch = new[] { "one.example" },
            webhooks = new[] { new { name = "a", url = $"file:{_scratch.PathOf("url")}" } },
            oidc = new { issuer = "https://login.example", client_id = "ct", client_secret = $"file:{_scratch.PathOf("client")}", allowed_emails = new[] { "a@b.example" } },
        });

        Write("url", "https://new.example/hook");
        await SettleAsync();
        Assert.Equal("https://new.example/hook", Assert.Single(_webhooks.All).Url.AbsoluteUri);
        Write("client", "new");
        await SettleAsync();

        Assert.Equal("new", _openId.Options!.ClientSecret);
        Assert.Equal(3, _reads);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("only after a restart", StringComparison.Ordinal));
    }

    private async Task StartAsync(string list, object? configuration = null, bool begin = true)
    {
        Write("watchlist", list);
        Configure(configuration ?? new { watch_files = new[] { _scratch.PathOf("watchlist") } });
        CertHeraldOptions first = Read();
        _watched = new Watched(first.Watch, first.Known, _meter);
        _openId = new OpenIdProvider(first.OpenId, new HttpClient(_guard.Through(_guard.CreateHandler)), _time, _loggers.CreateLogger<OpenIdProvider>());
        _reload = new ConfigurationReload(
            Read, first, _watched, _webhooks = new Webhooks(first.PublicUrl, first.Webhooks, WebhookDialects.All), _guard, _openId, new ProtectedDomains(first.Lookalikes, first.Suffixes, null, new NameSample(1, 1), _meter), _time, _loggers.CreateLogger<ConfigurationReload>());
        if (begin) await _reload.StartAsync(Cancellation);
    }

    private CertHeraldOptions Read()
    {
        _reads++;
        _reading.TrySetResult();
        return Configuration.Read(_scratch.PathOf("certherald.json"), new CommandLineOverrides(), new Hashtable());
    }

    private void Configure(object configuration) => Write("certherald.json", JsonSerializer.Serialize(configuration));

    /// <summary>Writes a file, each time a second later by its own time: the file system's clock may be too coarse for two changes.</summary>
    private void Write(string name, string text) => File.SetLastWriteTimeUtc(_scratch.Write(name, text), _written += TimeSpan.FromSeconds(1));

    /// <summary>Lets it look at the files, and waits until it has done what follows from that.</summary>
    private async Task LookAsync()
    {
        await _time.WaitForTimerAsync(ConfigurationReload.LookInterval);
        _time.Advance(ConfigurationReload.LookInterval);
        await _time.WaitForTimerAsync(ConfigurationReload.LookInterval);
    }

    private async Task SettleAsync()
    {
        await LookAsync();
        await LookAsync();
    }

    private async Task AskAsync()
    {
        await _time.WaitForTimerAsync(ConfigurationReload.LookInterval);
        _reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _reload!.Ask();
        await _reading.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        // The next look begins when this one is done.
        await LookAsync();
    }
}
