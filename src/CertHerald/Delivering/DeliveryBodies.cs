using System.Buffers;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>Writes the bodies of deliveries, each once.</summary>
internal sealed class DeliveryBodies(IStore store, string baseUrl, TimeProvider time)
{
    private const int MostJoined = 64;

    /// <summary>The body of a delivery in its webhook's dialect, as things stand now.</summary>
    public async Task<ReadOnlyMemory<byte>> WriteAsync(DeliveryLane lane, StoredDelivery delivery, CancellationToken cancellation)
    {
        if (await WriteBatchAsync(lane, delivery, cancellation) is { } batch) return batch;
        var body = new ArrayBufferWriter<byte>(4096);
        lane.Dialect.Write(await SubjectAsync(lane, delivery, delivery.Subject, cancellation), body);
        return body.WrittenMemory;
    }

    /// <summary>The body that tells of others besides, which are joined to this one; null if it shall be alone.</summary>
    private async Task<ReadOnlyMemory<byte>?> WriteBatchAsync(DeliveryLane lane, StoredDelivery delivery, CancellationToken cancellation)
    {
        IWebhookBatch? batch = lane.Dialect.BeginBatch();
        // Refused as too large, it may have been one, whatever its webhook has become since.
        if (batch is null && !delivery.IsShort) return null;

        var lease = new Lease(delivery.Id, delivery.Lease!.Value);
        IReadOnlyList<JoinedDelivery> joined = delivery.IsShort ? await store.JoinedAsync(delivery.Id, cancellation) : [];
        if (batch is null)
        {
            if (joined.Count > 0) await store.PartAsync(lease, [.. joined.Select(one => one.Id)], cancellation);
            return null;
        }

        bool mayGrow = delivery is { Tries: 0, FirstTried: null, Replay: 0, IsShort: false };
        if (joined.Count == 0 && (!mayGrow || lane.Webhook.MaxBatch == 1)) return null;
        batch.TryAdd(await SubjectAsync(lane, delivery, delivery.Subject, cancellation));
        int count = 1;
        while (true)
        {
            for (int i = 0; i < joined.Count; i++, count++)
            {
                if (batch.TryAdd(await SubjectAsync(lane, delivery, joined[i].Subject, cancellation))) continue;
                await store.PartAsync(lease, [.. joined.Skip(i).Select(one => one.Id)], cancellation);
                mayGrow = false;
                break;
            }

            // Few at a time: most of what is joined shall fit.
            int room = Math.Min(lane.Webhook.MaxBatch - count, MostJoined);
            joined = mayGrow && room > 0 ? await store.JoinAsync(lease, room, time.GetUtcNow(), cancellation) : [];
            if (joined.Count == 0) break;
        }

        var body = new ArrayBufferWriter<byte>(4096);
        batch.Write(body);
        return body.WrittenMemory;
    }

    private async Task<DeliverySubject> SubjectAsync(DeliveryLane lane, StoredDelivery delivery, long id, CancellationToken cancellation)
    {
        DeliverySubject subject = delivery.Kind switch
        {
            EventKinds.MalformedCertificate => new DeliverySubject(baseUrl, null, await store.FindMalformedAsync(id, cancellation)),
            EventKinds.Operator => new DeliverySubject(baseUrl, null, null, await store.FindNoticeAsync(id, cancellation)),
            _ => new DeliverySubject(baseUrl, await store.FindIssuanceAsync(id, cancellation), null),
        };

        if (lane.Webhook.Evidence && delivery.Kind != EventKinds.Operator)
        {
            // What is not proven yet says so, and leaves: no alert waits for its proof.
            Evidence? evidence = delivery.Kind == EventKinds.MalformedCertificate
                ? await store.FindMalformedEvidenceAsync(id, cancellation)
                : await store.FindEvidenceAsync(id, null, cancellation);
            subject = subject with { Evidence = new DeliveryEvidence(evidence is null ? null : EvidenceJson.Write(evidence)) };
        }

        return subject with { IsShort = delivery.IsShort || !lane.Webhook.IncludeValues, At = delivery.FirstTried ?? time.GetUtcNow() };
    }
}
