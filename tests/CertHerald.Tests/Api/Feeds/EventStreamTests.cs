using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using CertHerald.Access;
using CertHerald.Api.Feeds;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CertHerald.Tests.Api.Feeds;

/// <summary>What is committed, as server-sent events over real sockets.</summary>
public sealed class EventStreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_committed_while_a_client_listens_is_sent_to_it()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("before.example"));
        await using Listener listener = await Listener.OpenAsync(rig);
        Assert.Equal(("begin", "1-0-0-0"), Of(await listener.NextAsync()));

        await rig.CommitAsync(SomeFacts.Of("after.example"));
        await rig.CommitMalformedAsync("it cannot be read", [1, 2, 3]);
        await listener.LookAsync();

        SseItem<string> issuance = await listener.NextAsync();
        Assert.Equal(("issuance", "2-0-0-0"), Of(issuance));
        Assert.Equal("after.example", Json(issuance).GetProperty("dns_names")[0].GetString());
        SseItem<string> malformed = await listener.NextAsync();
        Assert.Equal(("malformed", "2-1-0-0", "it cannot be read"), (malformed.EventType, malformed.EventId, Json(malformed).GetProperty("problem").GetString()));
        Assert.Equal(("incident", "2-1-1-0"), Of(await listener.NextAsync()));
    }

    [Fact]
    public async Task A_client_that_comes_again_gets_what_it_missed_and_nothing_twice()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string last;
        await using (Listener first = await Listener.OpenAsync(rig, "?after=0-0-0-0"))
        {
            await rig.CommitAsync(SomeFacts.Of("one.example"));
            Assert.Equal("begin", (await first.NextAsync()).EventType);
            await first.LookAsync();
            last = (await first.NextAsync()).EventId!;
        }
        await rig.CommitAsync(SomeFacts.Of("two.example"));
        await rig.CommitAsync(SomeFacts.Of("three.example"));

        await using Listener again = await Listener.OpenAsync(rig, "?after=0-0-0-0", last);

        Assert.Equal(("begin", last), Of(await again.NextAsync()));
        Assert.Equal("two.example", Json(await again.NextAsync()).GetProperty("dns_names")[0].GetString());
        Assert.Equal("three.example", Json(await again.NextAsync()).GetProperty("dns_names")[0].GetString());
    }

    [Fact]
    public async Task Two_clients_get_the_same_and_one_that_asks_for_some_kinds_gets_only_those()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("one.example"));
        await rig.DisputeAsync();
        await using Listener all = await Listener.OpenAsync(rig, "?after=0-0-0-0"), some = await Listener.OpenAsync(rig, "?after=0-0-0-0&kinds=incident,delivery");

        Assert.Equal(["begin", "issuance", "incident"], [(await all.NextAsync()).EventType, (await all.NextAsync()).EventType, (await all.NextAsync()).EventType]);
        Assert.Equal(["begin", "incident"], [(await some.NextAsync()).EventType, (await some.NextAsync()).EventType]);
    }

    [Theory]
    [InlineData("?after=7")]
    [InlineData("?after=1-2-3-x")]
    [InlineData("?after=1-2-3-99999999999999999999")]
    [InlineData("?kinds=phishing")]
    public async Task What_is_no_place_and_no_kind_is_refused(string query)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Answer answer = await rig.AskAsync(HttpMethod.Get, "/api/events" + query);
        Assert.Equal((HttpStatusCode.BadRequest, "bad_request"), (answer.Status, answer.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Only_whoever_may_read_listens()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string key = (await rig.AskAsync(HttpMethod.Post, "/api/api-keys", new { name = "watcher", scopes = (string[])["watch"] })).Json.GetProperty("key").GetString()!;
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(HttpMethod.Get, "/api/events", key: key)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Browser.GetAsync("/api/events")).Status);
    }

    [Fact]
    public async Task A_silent_stream_is_kept_alive_by_comments_and_ends_after_ten_minutes_so_that_keys_are_asked_for_again()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await using Listener listener = await Listener.OpenAsync(rig);

        TimeSpan passed = TimeSpan.Zero;
        for (; passed < EventStream.EndsAfter; passed += EventStream.LookEvery) await listener.LookAsync();

        string text = await listener.RestAsync();
        Assert.StartsWith("retry: 2000\nid: 0-0-0-0\nevent: begin\ndata: {}\n\n", text, StringComparison.Ordinal);
        Assert.Equal((int)(EventStream.EndsAfter / EventStream.HeartbeatAfter) - 1, text.Split(": alive\n\n").Length - 1, 1.0);
    }

    [Fact]
    public async Task More_clients_than_may_listen_are_told_to_come_later()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        var listeners = new List<Listener>();
        for (int i = 0; i < EventStream.MostClients; i++) listeners.Add(await Listener.OpenAsync(rig));

        Answer answer = await rig.AskAsync(HttpMethod.Get, "/api/events");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "too_many_streams"), (answer.Status, answer.Json.GetProperty("code").GetString()));

        foreach (Listener listener in listeners) await listener.DisposeAsync();
    }

    [Fact]
    public async Task A_service_that_stops_waits_for_no_stream()
    {
        ConsoleRig rig = await ConsoleRig.StartAsync();
        await using Listener listener = await Listener.OpenAsync(rig);
        await listener.NextAsync();

        rig.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        await listener.RestAsync();
        await rig.DisposeAsync();
    }

    [Fact]
    public async Task A_client_that_stops_reading_is_cut_off_and_counted_and_misses_nothing_when_it_comes_again()
    {
        const int Certificates = 600;
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        long dropped = 0;
        using var counting = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter == rig.Meter && instrument.Name == "certherald_event_streams_dropped_total") l.EnableMeasurementEvents(instrument); } };
        counting.SetMeasurementEventCallback<long>((_, one, _, _) => Interlocked.Add(ref dropped, one));
        counting.Start();
        // More than the sockets between take: 24 MB.
        await rig.CommitAsync(Enumerable.Range(0, Certificates).Select(i => SomeFacts.Of($"{i}.example") with { SubjectName = new string('x', 40_000) }));

        string last = "";
        await using (Listener slow = await Listener.OpenAsync(rig, "?after=0-0-0-0", room: 4_096))
        {
            for (int i = 0; i < 3; i++) last = (await slow.NextAsync()).EventId!;
            await Eventually.HappensAsync(() =>
            {
                // Only while it is being written to: time that passes between would end the stream as others end.
                if (rig.Time.UntilTimerBeyond(EventStream.WriteTimeout) == EventStream.WriteTimeout) rig.Time.Advance(EventStream.WriteTimeout);
                return Interlocked.Read(ref dropped) > 0;
            });
        }

        await using Listener again = await Listener.OpenAsync(rig, "?after=0-0-0-0", last);
        Assert.Equal(("begin", "2-0-0-0"), Of(await again.NextAsync()));
        for (int i = 2; i < Certificates; i++) Assert.Equal(("issuance", $"{i + 1}-0-0-0"), Of(await again.NextAsync()));
        Assert.Equal(1, Interlocked.Read(ref dropped));
    }

    private static (string, string?) Of(SseItem<string> item) => (item.EventType, item.EventId);

    private static System.Text.Json.JsonElement Json(SseItem<string> item) => System.Text.Json.JsonElement.Parse(item.Data);

    /// <summary>A client, reading by the platform's own parser.</summary>
    private sealed class Listener(ManualTime time, HttpClient client, HttpResponseMessage answer, Stream body) : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<SseItem<string>> _items = SseParser.Create(body).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);
        private bool _isParsed;

        /// <param name="room">Bytes that its socket takes while nobody reads; null: as many as the system likes.</param>
        public static async Task<Listener> OpenAsync(ConsoleRig rig, string query = "", string? last = null, int? room = null)
        {
            var handler = new SocketsHttpHandler { UseProxy = false };
            if (room is not null) handler.ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = room.Value };
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            };
            var client = new HttpClient(handler) { BaseAddress = rig.Address };
            var request = new HttpRequestMessage(HttpMethod.Get, "/api/events" + query);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", rig.Services.GetRequiredService<LocalKey>().Text);
            if (last is not null) request.Headers.Add("Last-Event-ID", last);
            HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            Assert.Equal("text/event-stream", answer.EnsureSuccessStatusCode().Content.Headers.ContentType?.MediaType);
            return new Listener(rig.Time, client, answer, await answer.Content.ReadAsStreamAsync(Cancellation));
        }

        public async Task<SseItem<string>> NextAsync()
        {
            _isParsed = true;
            Assert.True(await _items.MoveNextAsync());
            return _items.Current;
        }

        /// <summary>Lets the stream ask the store once more.</summary>
        public async Task LookAsync()
        {
            await time.WaitForTimerAsync(EventStream.LookEvery);
            time.Advance(EventStream.LookEvery);
        }

        /// <summary>What is left, to its end.</summary>
        public async Task<string> RestAsync()
        {
            using var text = new StreamReader(body);
            return await text.ReadToEndAsync(Cancellation);
        }

        public async ValueTask DisposeAsync()
        {
            if (_isParsed) await _items.DisposeAsync();
            answer.Dispose();
            client.Dispose();
        }
    }
}
