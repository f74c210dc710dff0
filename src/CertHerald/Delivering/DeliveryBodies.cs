using System.Buffers;
using System.Collections.Concurrent;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>Writes the bodies of deliveries, each once for all webhooks that are owed the same.</summary>
internal sealed class DeliveryBodies(IStore store, string baseUrl, TimeProvider time)
{
    /// <summary>How long a body says how things stand now.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    /// <summary>Bodies that are kept for other webhooks, and the longest of them in bytes.</summary>
    private const int MostKept = 128, Longest = 32 << 10;

    private const int MostJoined = 64;

    private readonly ConcurrentDictionary<BodyText, byte[]> _kept = new();
    private long _keptSince = time.GetTimestamp();

    /// <summary>The body of a delivery, if one that was written just now for another webhook is the same. Thread-safe.</summary>
    public byte[]? Find(DeliveryLane lane, StoredDelivery delivery) =>
        time.GetElapsedTime(Volatile.Read(ref _keptSince)) < Fresh && !MayTellMore(lane, delivery) ? _kept.GetValueOrDefault(TextOf(lane, delivery)) : null;

    /// <summary>The body of a delivery in its webhook's dialect, as things stand now.</summary>
    public async ValueTask<byte[]> WriteAsync(DeliveryLane lane, StoredDelivery delivery, CancellationToken cancellation)
    {
        if (Find(lane, delivery) is { } known) return known;
        if (await WriteBatchAsync(lane, delivery, cancellation) is { } batch) return batch;

        BodyText text = TextOf(lane, delivery);
        var buffer = new ArrayBufferWriter<byte>(4096);
        text.Dialect.Write(await ReadAsync(text, cancellation), buffer);
        byte[] body = buffer.WrittenSpan.ToArray();

        // A proof may come at any moment: evidence is read each time.
        if (text.HasEvidence || body.Length > Longest) return body;
        if (_kept.Count >= MostKept || time.GetElapsedTime(Volatile.Read(ref _keptSince)) >= Fresh)
        {
            _kept.Clear();
            Volatile.Write(ref _keptSince, time.GetTimestamp());
        }
        _kept[text] = body;
        return body;
    }

    /// <summary>Whether its body may tell of others besides. Refused as too large, it may have done so, whatever its webhook has become since.</summary>
    private static bool MayTellMore(DeliveryLane lane, StoredDelivery delivery) =>
        delivery.IsShort || (lane.Webhook.MaxBatch > 1 && lane.Dialect.BeginBatch(lane.Webhook.MaxBatchBytes) is not null);

    /// <summary>The body that tells of others besides, which are joined to this one; null if it shall be alone.</summary>
    private async ValueTask<byte[]?> WriteBatchAsync(DeliveryLane lane, StoredDelivery delivery, CancellationToken cancellation)
    {
        if (!MayTellMore(lane, delivery)) return null;

        var lease = new Lease(delivery.Id, delivery.Lease!.Value);
        IReadOnlyList<JoinedDelivery> joined = delivery.IsShort ? await store.JoinedAsync(delivery.Id, cancellation) : [];
        if (lane.Dialect.BeginBatch(lane.Webhook.MaxBatchBytes) is not { } batch)
        {
            if (joined.Count > 0) await store.PartAsync(lease, [.. joined.Select(one => one.Id)], cancellation);
            return null;
        }

        bool mayGrow = delivery is { Tries: 0, FirstTried: null, Replay: 0, IsShort: false };
        if (joined.Count == 0 && (!mayGrow || lane.Webhook.MaxBatch == 1)) return null;
        BodyText text = TextOf(lane, delivery);
        batch.TryAdd(await ReadAsync(text, cancellation));
        int count = 1;
        while (true)
        {
            for (int i = 0; i < joined.Count; i++, count++)
            {
                if (batch.TryAdd(await ReadAsync(text with { Subject = joined[i].Subject }, cancellation))) continue;
                await store.PartAsync(lease, [.. joined.Skip(i).Select(one => one.Id)], cancellation);
                mayGrow = false;
                break;
            }

            // Few at a time: most of what is joined shall fit.
            int room = Math.Min(lane.Webhook.MaxBatch - count, MostJoined);
            joined = mayGrow && room > 0 ? await store.JoinAsync(lease, room, time.GetUtcNow(), cancellation) : [];
            if (joined.Count == 0) break;
        }

        var buffer = new ArrayBufferWriter<byte>(4096);
        batch.Write(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private BodyText TextOf(DeliveryLane lane, StoredDelivery delivery)
    {
        // To the second: more exact is no dialect.
        DateTimeOffset at = delivery.FirstTried ?? time.GetUtcNow();
        return new BodyText(
            lane.Dialect, delivery.Kind, delivery.Subject, lane.Webhook.Evidence && !EventKinds.IsNotice(delivery.Kind),
            delivery.IsShort || !lane.Webhook.IncludeValues, at.AddTicks(-(at.Ticks % TimeSpan.TicksPerSecond)));
    }

    private async Task<DeliverySubject> ReadAsync(BodyText text, CancellationToken cancellation)
    {
        DeliverySubject subject = text.Kind switch
        {
            EventKinds.MalformedCertificate => new DeliverySubject(baseUrl, null, await store.FindMalformedAsync(text.Subject, cancellation)),
            EventKinds.Lookalike => new DeliverySubject(baseUrl, null, null) { Lookalike = await store.FindLookalikeAlertAsync(text.Subject, cancellation) },
            EventKinds.Operator or EventKinds.LookalikeDigest => new DeliverySubject(baseUrl, null, null, await store.FindNoticeAsync(text.Subject, cancellation)),
            _ => new DeliverySubject(baseUrl, await store.FindIssuanceAsync(text.Subject, cancellation), null),
        };
        subject = subject with { IsShort = text.IsShort, At = text.At };
        if (!text.HasEvidence) return subject;

        // What is not proven yet says so, and leaves: no alert waits for its proof.
        Evidence? evidence = text.Kind == EventKinds.MalformedCertificate
            ? await store.FindMalformedEvidenceAsync(text.Subject, cancellation)
            : await store.FindEvidenceAsync(subject.Lookalike?.Issuance.Id ?? text.Subject, null, cancellation);
        return subject with { Evidence = new DeliveryEvidence(evidence is null ? null : EvidenceJson.Write(evidence)) };
    }
}

/// <summary>What a body's bytes depend on, beside what the store holds: webhooks that are owed the same in one dialect get the same bytes.</summary>
internal readonly record struct BodyText(IWebhookDialect Dialect, string Kind, long Subject, bool HasEvidence, bool IsShort, DateTimeOffset At);
