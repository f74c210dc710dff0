using System.Buffers;
using System.Buffers.Text;
using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Cli;

/// <summary><c>certherald cert</c>: what a certificate says, as CertHerald reads it.</summary>
internal static class CertCommand
{
    /// <summary>Longest line of <c>--jsonl</c>: the largest certificate a log can hold, in base64, and room.</summary>
    private const int LongestLine = 24 << 20;

    private const int PieceSize = 256 << 10;

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Certificates: DER, PEM (the issuer may follow), or a get-entries answer or row.", Arity = ArgumentArity.ZeroOrMore };
        var jsonLines = new Option<bool>("--jsonl") { Description = "Read base64 DER from standard input, a certificate a line; write a JSON object a line." };
        var json = new Option<bool>("--json") { Description = "Print JSON, an object a certificate." };
        var watch = new Option<string[]>("--watch") { Description = "Say whether it would match this watch item.", HelpName = "NAME" };
        var watchList = new Option<string[]>("--watch-list") { Description = "The same, with a file of watch items.", HelpName = "FILE" };
        var logList = new Option<string?>("--log-list") { Description = "Check the SCTs with the keys of this log list (file).", HelpName = "FILE" };

        var command = new Command("cert", "Explains certificates and precertificates: identifiers, hashes, issuer, SCTs, and what was hard to read.")
        { files, jsonLines, json, watch, watchList, logList };

        command.SetAction(async (parsed, stopping) =>
        {
            if (parsed.GetValue(jsonLines)) return await ReadLinesAsync(Console.OpenStandardInput(), Console.OpenStandardOutput(), stopping);

            string[] names = parsed.GetValue(files) ?? [];
            if (names.Length == 0)
            {
                Console.Error.WriteLine("name a file, or give --jsonl and certificates on standard input");
                return CommandLine.Misused;
            }
            WatchList list = WatchLists.Read(parsed.GetValue(watch) ?? [], parsed.GetValue(watchList) ?? []);
            IReadOnlyList<LogDescription> logs = parsed.GetValue(logList) is { } path ? ReadLogs(path) : [];
            bool allRead = true;
            foreach (string name in names)
                foreach (CertificateInput input in CertificateInput.ReadFile(name))
                    allRead &= CertificateExplanation.Write(Console.Out, input, list, logs, parsed.GetValue(json));
            return allRead ? CommandLine.Done : CommandLine.Failed;
        });
        return command.WithExamples("""
            certherald cert site.pem --watch .example.com
            certherald cert site.pem --log-list all_logs_list.json
            base64 -w0 site.der | certherald cert --jsonl
            """);
    }

    /// <summary>A line in, a line out, whatever the line holds. Memory: one line.</summary>
    internal static async Task<int> ReadLinesAsync(Stream input, Stream output, CancellationToken stopping)
    {
        var reader = System.IO.Pipelines.PipeReader.Create(input, new System.IO.Pipelines.StreamPipeReaderOptions(bufferSize: PieceSize));
        var answer = new ArrayBufferWriter<byte>(64 << 10);
        using var json = new Utf8JsonWriter(answer, JsonStyle.Plain);
        bool isSkipping = false;
        // What there is of the line begun holds no newline: not looked through again when more comes.
        long searched = 0;
        while (true)
        {
            System.IO.Pipelines.ReadResult read = await ReadAsync(reader, stopping);
            ReadOnlySequence<byte> buffer = read.Buffer;
            while (buffer.Slice(searched).PositionOf((byte)'\n') is { } end)
            {
                // The rest of a line that was too long has been answered already.
                if (!isSkipping) Answer(buffer.Slice(0, end), json, answer);
                isSkipping = false;
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                searched = 0;
            }
            if (read.IsCompleted && !buffer.IsEmpty && !isSkipping) Answer(buffer, json, answer);
            if (!read.IsCompleted && buffer.Length > LongestLine)
            {
                if (!isSkipping) Problem(json, answer, "the line is longer than a log entry can be");
                isSkipping = true;
                buffer = buffer.Slice(buffer.End);
            }
            searched = buffer.Length;
            reader.AdvanceTo(buffer.Start, buffer.End);

            if (answer.WrittenCount > 0)
            {
                await output.WriteAsync(answer.WrittenMemory, stopping);
                await output.FlushAsync(stopping);
                answer.ResetWrittenCount();
            }
            if (read.IsCompleted) return CommandLine.Done;
        }
    }

    // Nothing cancels a read from a terminal: it is left alone, so that Ctrl-C ends the command and not only the next line.
    private static ValueTask<System.IO.Pipelines.ReadResult> ReadAsync(System.IO.Pipelines.PipeReader reader, CancellationToken stopping)
    {
        ValueTask<System.IO.Pipelines.ReadResult> read = reader.ReadAsync(stopping);
        return read.IsCompleted ? read : new(read.AsTask().WaitAsync(stopping));
    }

    private static void Answer(ReadOnlySequence<byte> line, Utf8JsonWriter json, ArrayBufferWriter<byte> answer)
    {
        ReadOnlySpan<byte> text = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
        text = text.Trim(" \t\r"u8);
        byte[] der = ArrayPool<byte>.Shared.Rent(Base64.GetMaxDecodedFromUtf8Length(text.Length) + 1);
        try
        {
            if (Base64.DecodeFromUtf8(text, der, out _, out int length) != OperationStatus.Done) Problem(json, answer, "the line is not base64");
            else Write(json, answer, der.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(der);
        }
    }

    private static void Problem(Utf8JsonWriter json, ArrayBufferWriter<byte> answer, string problem)
    {
        json.Reset();
        json.WriteStartObject();
        JsonStyle.WriteTexts(json, "problems", [problem]);
        json.WriteEndObject();
        json.Flush();
        answer.Write("\n"u8);
    }

    private static void Write(Utf8JsonWriter json, ArrayBufferWriter<byte> answer, ReadOnlySpan<byte> der)
    {
        CertificateView.TryRead(der, out CertificateView certificate);
        json.Reset();
        CertificateExplanation.WriteJson(json, CertificateReading.Read(der, certificate, CertificateReading.IdentifiersOf(certificate), certificate.IsPrecertificate, issuerPubkeySha256: null), others: null);
        json.Flush();
        answer.Write("\n"u8);
    }

    /// <exception cref="CommandFailedException">It names none.</exception>
    internal static IReadOnlyList<LogDescription> ReadLogs(string path)
    {
        if (!File.Exists(path)) throw new CommandFailedException($"{path} does not exist: give a log list in Chrome's v3 format");
        return LogList.TryRead(File.ReadAllBytes(path), out LogList? list, out IReadOnlyList<string> problems) && list.Logs.Count > 0
            ? list.Logs
            : throw new CommandFailedException($"{path} names no log that can be used: {Visible.Of(string.Join("; ", problems))}");
    }
}
