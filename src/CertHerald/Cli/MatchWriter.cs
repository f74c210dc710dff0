using System.Buffers;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Cli;

/// <summary>Findings as JSON Lines. Thread-safe: each finding is one write.</summary>
internal sealed class MatchWriter(Stream output) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <param name="end">Findings at or behind it are left out.</param>
    public void Write(LogDescription log, IReadOnlyList<Finding> findings, TreeSize end, bool isProven)
    {
        if (findings.Count == 0) return;
        lock (_lock)
        {
            foreach (Finding finding in findings)
                if (finding.Index.Value < end.Value)
                    Write(log, finding, isProven);
            output.Write(_buffer.WrittenSpan);
            output.Flush();
            _buffer.ResetWrittenCount();
        }
    }

    public void Dispose() => output.Dispose();

    private void Write(LogDescription log, Finding finding, bool isProven)
    {
        using (var json = new Utf8JsonWriter(_buffer, JsonStyle.Plain))
        {
            if (finding is MatchFinding match) CertificateExplanation.WriteJson(json, match.Certificate, others => WritePlace(others, log, finding, isProven));
            else WriteMalformed(json, log, (MalformedFinding)finding, isProven);
        }
        _buffer.Write("\n"u8);
    }

    private static void WriteMalformed(Utf8JsonWriter json, LogDescription log, MalformedFinding finding, bool isProven)
    {
        json.WriteStartObject();
        JsonStyle.WriteTexts(json, "problems", [finding.Problem]);
        json.WriteString("entry", Convert.ToBase64String(finding.Entry));
        WritePlace(json, log, finding, isProven);
        json.WriteEndObject();
    }

    private static void WritePlace(Utf8JsonWriter json, LogDescription log, Finding finding, bool isProven)
    {
        json.WriteString("kind", finding switch { MatchFinding { Matches.Count: > 0 } => "match", MatchFinding => "lookalike", _ => "malformed" });
        if (finding is MatchFinding match)
        {
            json.WriteStartArray("matches");
            foreach (Match one in match.Matches)
            {
                json.WriteStartObject();
                JsonStyle.WriteText(json, "name", one.Identifier.Text);
                JsonStyle.WriteText(json, "item", one.Item);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (match.Lookalikes.Count > 0) WriteLookalikes(json, match.Lookalikes);
        }
        json.WriteString("log_id", log.Id.ToString());
        JsonStyle.WriteText(json, "log_url", log.Url.ToString());
        json.WriteNumber("index", finding.Index.Value);
        json.WriteString("leaf_hash", finding.LeafHash.ToBase64());
        json.WriteString("logged", JsonStyle.Time(finding.Logged));
        json.WriteBoolean("proven", isProven);
    }

    private static void WriteLookalikes(Utf8JsonWriter json, IReadOnlyList<LookalikeMatch> lookalikes)
    {
        json.WriteStartArray("lookalikes");
        foreach (LookalikeMatch one in lookalikes)
        {
            json.WriteStartObject();
            JsonStyle.WriteText(json, "domain", one.Domain);
            JsonStyle.WriteText(json, "registrable", one.Registrable);
            json.WriteStartArray("names");
            foreach (LookalikeName name in one.Names)
            {
                json.WriteStartObject();
                JsonStyle.WriteText(json, "name", name.Name);
                json.WriteNumber("score", name.Score);
                json.WriteString("class", name.Class);
                JsonStyle.WriteTexts(json, "reasons", name.Reasons);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
