using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using CertHerald.Benchmarks;
using CertHerald.Benchmarks.Soaking;

int Number(string option, int otherwise) => Array.IndexOf(args, option) is > 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
if (args is ["soak", ..])
    return await Soak.RunAsync(
        Path.Combine(Environment.CurrentDirectory, "artifacts", "program", "certherald"), TimeSpan.FromMinutes(Number("--minutes", 30)), Number("--seed", Random.Shared.Next(1_000_000)));

if (args is ["fuzz", ..])
{
    string[] corpora = [.. args.Skip(1).Where((argument, at) => !argument.StartsWith("--", StringComparison.Ordinal) && !args[at].StartsWith("--", StringComparison.Ordinal))];
    return new Fuzzing((ulong)Number("--seed", Environment.TickCount)).Run(TimeSpan.FromSeconds(Number("--seconds", 60)), corpora);
}

// --only B3,B4: these rows and no others.
string[]? only = Array.IndexOf(args, "--only") is >= 0 and var option && option + 1 < args.Length ? args[option + 1].Split(',') : null;
bool quick = args.Contains("--quick");
TimeSpan sample = TimeSpan.FromMilliseconds(quick ? 200 : 1_000);
string program = Path.Combine(Environment.CurrentDirectory, "artifacts", "program", "certherald");

Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores ({RuntimeInformation.ProcessArchitecture}, {(Vector512.IsHardwareAccelerated ? "512" : Vector256.IsHardwareAccelerated ? "256" : "128")}-bit vectors), {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}"));
Console.WriteLine("Processor time, best of 7 samples. The machine's other work disturbs absolute figures; ratios hold.");
Console.WriteLine();
Console.WriteLine("| Id | What | Value | Goal | Beside |");
Console.WriteLine("|---|---|---|---|---|");
if (only is null) foreach (Row row in PipelineBenchmark.Run(sample)) Print(row);
foreach (Row row in PartsBenchmark.Run(sample, id => only is null || only.Contains(id))) Print(row);
if (only is null) foreach (Row row in await ScanBenchmark.RunAsync(program, quick ? 100_000UL : 1_000_000UL)) Print(row);
return 0;

static void Print(Row row) => Console.WriteLine($"| {row.Id} | {row.What} | {row.Value} | {row.Goal} | {row.Compared} |");
