using System.Globalization;
using System.Text.Json;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>A round, from trouble to rest to judgement.</summary>
internal sealed partial class Chaos
{
    /// <summary>How long all may take to come to rest: on a loaded machine, and where no clock can be put forward, waits between attempts are minutes.</summary>
    private static readonly TimeSpan LongestQuiet = TimeSpan.FromMinutes(10);

    /// <summary>While something is open, the world goes forward, so far: what waits for its time need not wait for ours. At first, and if one node needs no other, so soon.</summary>
    private static readonly TimeSpan StepAlone = TimeSpan.FromSeconds(4), Leap = TimeSpan.FromMinutes(20);

    /// <summary>Which close a day after their last case.</summary>
    private static readonly string[] LastingIncidents = ["unparsable_entry"];

    private const int MostAsked = 60;

    /// <summary>An incident may close, and be told of, just when all has come to rest: then it is not at rest yet.</summary>
    private const int MostGathered = 5;

    private const string Silence = "the API does not answer";

    private readonly HashSet<(string, int)> _movedAway = [];
    private readonly HashSet<(string Webhook, string Subject)> _judged = [];
    private readonly List<SeenPosition> _positions = [];
    private long _lastDelivery;
    // How many requests earlier rounds were judged by.
    private int _linesJudged;

    private async Task RoundAsync(int number, CancellationToken interrupted)
    {
        int struckBefore = _strikes.Values.Sum();
        lock (_troubles) _troubles.Clear();
        _positions.Clear();
        bool wasClockTrue = true;
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(interrupted))
        {
            Task[] beside =
            [
                _log.GrowAsync(over.Token), WatchAsync(over.Token),
                .. _receivers.Select(receiver => TroubleReceiverAsync(receiver, _random.Next(), over.Token)),
            ];
            try
            {
                await StrikeAsync(interrupted);
            }
            finally
            {
                await over.CancelAsync();
                await Task.WhenAll(beside);
            }
        }
        // A node's own clock is nothing to others: what they share is the database's.
        if (_database is null) lock (_troubles) wasClockTrue = !_troubles.Any(trouble => trouble.Name.StartsWith("Clock", StringComparison.Ordinal));

        _doing = "quiet";
        Tell("quiet");
        TimeSpan began = _clock.Elapsed;
        foreach (ChaosReceiver receiver in _receivers) receiver.Be(Mood.Well);
        ChaosEvidence evidence = await RestAsync(wasClockTrue, interrupted);
        Tell("judged");

        foreach (string wrong in evidence.Wrong()) Wrong($"round {number}: {wrong}");
        foreach (string wrong in _ledger.Wrong) Wrong($"round {number}: {wrong}");
        foreach (string found in _canaries.Found) Wrong($"round {number}: {found}");
        int lies = 0;
        if (_wrong.Count == 0)
            foreach ((string lie, ChaosEvidence told) in evidence.Lies())
            {
                lies++;
                if (!told.Wrong().Any()) Wrong($"the checks do not find {lie}");
            }
        int owed = evidence.Owed.Values.Sum(set => set.Count);
        _done.Add(new ChaosRound(number, owed, evidence.Ledger.Count, evidence.Lost, evidence.Duplicates, _strikes.Values.Sum() - struckBefore, lies, _clock.Elapsed - began));
    }

    /// <summary>Waits for rest, and looks at it, until nothing came to be sent while it looked.</summary>
    private async Task<ChaosEvidence> RestAsync(bool isClockTrue, CancellationToken interrupted)
    {
        for (int i = 1; ; i++)
        {
            string? open = await ComeToRestAsync(interrupted);
            if (open is not null) Wrong($"after {LongestQuiet.TotalMinutes:0} minutes of quiet: {open}");
            if (await GatherAsync(isClockTrue, mayBeMoving: open is not null || i == MostGathered, interrupted) is { } evidence) return evidence;
        }
    }

    /// <summary>Waits until nothing is open any more. What still is when the time is up; null if nothing.</summary>
    private async Task<string?> ComeToRestAsync(CancellationToken interrupted)
    {
        TimeSpan began = _clock.Elapsed, leapt = began + StepAlone - Step;
        string? open = null;
        while (_clock.Elapsed - began < LongestQuiet)
        {
            await StillThereAsync(interrupted);
            await TellMovedAsync();
            open = await StillOpenAsync();
            if (open is null) return null;
            _doing = $"quiet: {open}";
            if (CanLeap && open != Silence && _clock.Elapsed - leapt > Step)
            {
                Tell($"leap; {open}");
                leapt = _clock.Elapsed;
                lock (_troubles) _troubles.Add(new Trouble("leap in time", leapt, leapt + Step));
                await LeapAsync(Leap, interrupted);
            }
            await Task.Delay(TimeSpan.FromSeconds(1), interrupted);
        }
        return open;
    }

    /// <summary>What the API tells is not done; and what is needed to have it done, as an operator would.</summary>
    private async Task<string?> StillOpenAsync()
    {
        if (await SeePositionsAsync() is not { } logs) return Silence;
        long size = (long)_log.Log.Size.Value;
        var open = new List<string>();
        int followed = 0;
        foreach (JsonElement log in logs.EnumerateArray())
        {
            followed++;
            if (Number(log, "position") != size || Number(log, "proven") != size)
                open.Add($"{log.GetProperty("protocol").GetString()} is at {Number(log, "position")}, proven to {Number(log, "proven")}, of {size}");
        }
        if (followed != 2) open.Add($"{followed} logs are followed, not 2");

        foreach (string state in (string[])["pending", "inflight", "held", "dead"])
        {
            if (await Api.TryJsonAsync($"api/deliveries?state={state}&limit=100") is not { } found) return Silence;
            int count = found.GetProperty("items").GetArrayLength();
            if (count == 0) continue;
            open.Add($"{count} {state}");
            if (state == "dead") await Api.TrySendAsync(HttpMethod.Post, "api/deliveries/replay", new { state });
        }

        foreach (ChaosReceiver receiver in _receivers)
        {
            if (await Api.TryJsonAsync($"api/webhooks/{receiver.Name}/state") is not { } state) return Silence;
            string status = state.GetProperty("status").GetString()!;
            if (status == "active") continue;
            open.Add($"{receiver.Name} is {status}");
            // A 410 came after its last move.
            if (status == "gone" && !_movedAway.Contains((receiver.Name, receiver.Moves)))
            {
                Move(receiver);
                _movedAway.Add((receiver.Name, receiver.Moves));
            }
        }

        if (await Api.TryJsonAsync("api/incidents?open=true") is not { } incidents) return Silence;
        foreach (JsonElement incident in incidents.EnumerateArray())
            if (!LastingIncidents.Contains(incident.GetProperty("kind").GetString()))
                open.Add($"incident {incident.GetProperty("kind").GetString()}: {incident.GetProperty("summary").GetString()}");
        foreach (ChaosNode node in _nodes)
        {
            if (await OldestDueAsync(node) is not { } due) return Silence;
            // As of its last look, before which we may have put the time forward.
            if (due >= ChaosEvidence.LongestDue) open.Add(string.Create(CultureInfo.InvariantCulture, $"the oldest delivery has been due for {due:0} s"));
            if (await node.Api.TryGetAsync("readyz") is null) open.Add($"the {node.Name} is not ready");
        }
        return open.Count == 0 ? null : string.Join("; ", open);
    }

    /// <summary>Everything of this round: what is new in the ledger, and every delivery that is new in the API, with its attempts.</summary>
    /// <returns>Null if something was sent, or came to be sent, while that was read: one side would know what the other does not.</returns>
    private async Task<ChaosEvidence?> GatherAsync(bool isClockTrue, bool mayBeMoving, CancellationToken interrupted)
    {
        int lines = _ledger.Count;
        var deliveries = new List<ToldDelivery>();
        long last = _lastDelivery;
        string? before = null;
        do
        {
            JsonElement page = await NeedAsync($"api/deliveries?limit=1000{(before is null ? "" : "&before=" + before)}", interrupted);
            before = page.GetProperty("next").GetString();
            foreach (JsonElement one in page.GetProperty("items").EnumerateArray())
            {
                long id = long.Parse(one.GetProperty("id").GetString()!, CultureInfo.InvariantCulture);
                if (id <= _lastDelivery)
                {
                    before = null;
                    break;
                }
                last = Math.Max(last, id);
                deliveries.Add(ToldDelivery.Read(await NeedAsync($"api/deliveries/{id}", interrupted)));
            }
        }
        while (before is not null);
        IReadOnlyList<LedgerLine> ledger = _ledger.From(_linesJudged);
        bool isMoving = _linesJudged + ledger.Count != lines || deliveries.Any(delivery => delivery.State != "done");
        if (isMoving && !mayBeMoving) return null;
        (_lastDelivery, _linesJudged) = (last, _linesJudged + ledger.Count);

        Dictionary<string, IReadOnlySet<string>> owed = Owed();
        // What earlier rounds were judged by is done with: new is what came to be known since.
        foreach ((string webhook, IReadOnlySet<string> all) in owed.ToList()) owed[webhook] = all.Where(subject => !_judged.Contains((webhook, subject))).ToHashSet();
        foreach ((string webhook, IReadOnlySet<string> all) in owed) _judged.UnionWith(all.Select(subject => (webhook, subject)));
        double due = 0;
        foreach (ChaosNode node in _nodes) due = Math.Max(due, await OldestDueAsync(node) ?? throw new InvalidOperationException("The metrics do not tell of the oldest delivery."));
        lock (_troubles) return new ChaosEvidence(owed, ledger, deliveries, [.. _troubles], [.. _positions], due, isClockTrue, _nodes.Count);
    }

    /// <summary>How long the oldest delivery has been due that could leave, in seconds; null if the node does not say.</summary>
    private static async Task<double?> OldestDueAsync(ChaosNode node)
    {
        string? line = (await node.Api.TryGetAsync("metrics"))?.Split('\n').FirstOrDefault(line => line.StartsWith("certherald_oldest_due_delivery_seconds ", StringComparison.Ordinal));
        return line is null ? null : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private async Task<JsonElement> NeedAsync(string path, CancellationToken interrupted)
    {
        for (int i = 0; ; i++)
        {
            if (await Api.TryJsonAsync(path) is { } answer) return answer;
            if (i == MostAsked) throw new InvalidOperationException($"/{path} does not answer.");
            await Task.Delay(TimeSpan.FromSeconds(1), interrupted);
        }
    }

    /// <summary>Every address of a node's API that shows something, and the console's pages as a user sees them: none shows a secret.</summary>
    private async Task LookEverywhereAsync(ChaosNode node)
    {
        ChaosApi api = node.Api;
        JsonElement about = await NeedAsync("openapi/v1.json", CancellationToken.None);
        foreach (JsonProperty path in about.GetProperty("paths").EnumerateObject())
        {
            if (!path.Value.TryGetProperty("get", out JsonElement get)) continue;
            string address = path.Name.TrimStart('/').Replace("{id}", "1", StringComparison.Ordinal).Replace("{name}", Added, StringComparison.Ordinal);
            if (get.GetRawText().Contains("text/event-stream", StringComparison.Ordinal)) await api.LookAtStreamAsync(address, TimeSpan.FromSeconds(2));
            else await api.TryGetAsync(address);
        }
        foreach (string path in (string[])["healthz", "readyz", "metrics", "api/audit?limit=1000", "api/deliveries?limit=1000"])
            if (await api.TryGetAsync(path) is null) Wrong($"/{path} does not answer");
        foreach (ChaosReceiver receiver in _receivers) await api.TryGetAsync($"api/webhooks/{receiver.Name}");

        (bool isMade, string? link) = await api.TrySendAsync(HttpMethod.Post, "api/sign-in-links");
        if (!isMade) throw new InvalidOperationException($"No sign-in link was made: {link}");
        string token = JsonElement.Parse(link!).GetProperty("token").GetString()!;
        using var browser = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = node.Address };
        foreach (string page in (string[])[$"console/login?token={token}", "console", "console/deliveries", "console/webhooks", "console/logs", "console/api-keys", "console/audit"])
        {
            using HttpResponseMessage answer = await browser.GetAsync(new Uri(page, UriKind.Relative));
            string name = page.Split('?')[0];
            if (!answer.IsSuccessStatusCode) Wrong($"/{name} answers {(int)answer.StatusCode}");
            _canaries.Look($"the page /{name}", await answer.Content.ReadAsStringAsync());
        }
    }
}
