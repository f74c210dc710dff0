using System.Diagnostics.Metrics;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Following;

public sealed class LogFleetReviewTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-fleet-").FullName;
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald");
    private readonly Asking _asking = new();
    private readonly IStore _store;

    public LogFleetReviewTests() => _store = Stores.Open("sqlite", _folder, _time, _meter);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _asking.Dispose();
        _meter.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_log_list_that_cannot_even_be_asked_for_does_not_end_the_service()
    {
        // The empty path makes the platform throw what no caller expects.
        using var fleet = new LogFleet(
            new LogOptions { Lists = [LogListOptions.At("")] }, [_asking.Sources.List(LogListOptions.At(""), _folder)], _store, _ => throw new InvalidOperationException(),
            _ => throw new InvalidOperationException(), _ => throw new InvalidOperationException(), _time, _meter,
            NullLogger<LogFleet>.Instance);

        await fleet.StartAsync(Cancellation);
        await Task.WhenAny(fleet.ExecuteTask!, _time.WaitForTimerAsync(TimeSpan.FromHours(2)));

        Assert.False(fleet.ExecuteTask!.IsCompleted);
        Assert.Contains("log list", fleet.ListProblem, StringComparison.Ordinal);
        await fleet.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Logs_configured_by_hand_do_not_wait_for_a_list()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedServer silent = await ScriptedServer.StartAsync(async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var custom = new CustomLogOptions { Key = Convert.ToBase64String(new SigningKey().Public.Spki.Span), Url = "http://127.0.0.1:1/" };
        using var fleet = new LogFleet(
            new LogOptions { Custom = [custom] }, [_asking.Sources.List(LogListOptions.At($"{silent.Url}list.json"), _folder)], _store,
            _ =>
            {
                begun.TrySetResult();
                throw new LogUnavailableException("not in this test");
            },
            _ => throw new LogUnavailableException("not in this test"), _ => throw new LogUnavailableException("not in this test"), _time, _meter, NullLogger<LogFleet>.Instance);

        await fleet.StartAsync(Cancellation);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);

        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        await fleet.StopAsync(Cancellation);
    }

    [Fact]
    public async Task A_log_that_is_caught_up_with_for_hours_is_not_stalled()
    {
        await using var served = await LyingLog.StartAsync(LogProtocol.Rfc6962, 1);
        var log = new FollowedLog(new ChosenLog(served.Description, IsCustom: true, HeadInterval: null), _time);
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.Rfc6962);
        builder.Add(LyingLog.LeafInput(0), [0, 0, 0]);
        using RawBatch batch = builder.Build();
        _time.Advance(TimeSpan.FromHours(3));

        log.Read(batch, [], _time.GetUtcNow());

        Assert.Equal(_time.GetUtcNow(), log.Standing.LastSuccess);
    }
}
