using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using CertHerald.Benchmarks;
using CertHerald.Benchmarks.Lookalikes;
using CertHerald.Benchmarks.Soaking;

int Number(string option, int otherwise) => Array.IndexOf(args, option) is > 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
if (args is ["soak", ..])
    return await Soak.RunAsync(
        Path.Combine(Environment.CurrentDirectory, "artifacts", "program", "certherald"), TimeSpan.FromMinutes(Number("--minutes", 30)), Number("--seed", Random.Shared.Next(1_000_000)));

if (args is ["chaos", ..])
    return ChaosOptions.Read(Path.Combine(Environment.CurrentDirectory, "artifacts", "program", "certherald"), args[1..]) is { } chaos ? await Chaos.RunAsync(chaos) : 2;

if (args is ["fuzz", ..])
{
    string[] corpora = [.. args.Skip(1).Where((argument, at) => !argument.StartsWith("--", StringComparison.Ordinal) && !args[at].StartsWith("--", StringComparison.Ordinal))];
    return new Fuzzing((ulong)Number("--seed", Environment.TickCount)).Run(TimeSpan.FromSeconds(Number("--seconds", 60)), corpora);
}

if (args is ["lookalikes", ..]) return LookalikeBenchmark.Run(args[1..], Console.Out);

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
// These take long: two minutes are all that a quick look may cost.
string[] slow = ["P3", "P6", "P7", "P10", "P12", "S1", "S2", "S4", "S6", "S7", "S8", "Q9", "R"];
bool Wanted(string id) => only is null ? !quick || !slow.Contains(id) : only.Contains(id);
bool AnyWanted(params IEnumerable<string> ids) => ids.Any(Wanted);

foreach (Row row in PipelineBenchmark.Run(sample, Wanted)) Print(row);
foreach (Row row in PartsBenchmark.Run(sample, Wanted)) Print(row);
if (Wanted("P11")) foreach (Row row in await StartBenchmark.RunAsync(program)) Print(row);

await using var large = new BigLog(quick ? 100_000UL : 1_000_000UL);
if (AnyWanted("P1", "P2", "P4", "P10")) await foreach (Row row in ScanBenchmark.RunAsync(program, large, Wanted)) Print(row);
if (Wanted("P6")) foreach (Row row in await JudgingBenchmark.RunAsync(program, quick)) Print(row);
if (Wanted("P7")) Print(await StoredBenchmark.RunAsync(program, quick));
if (AnyWanted("P12", "S7")) foreach (Row row in await PublicLogsBenchmark.RunAsync(program, quick, Wanted)) Print(row);
if (AnyWanted("S1", "S2")) foreach (Row row in await TipBenchmark.RunAsync(program, quick, large, Wanted)) Print(row);
foreach (Row row in await FleetBenchmark.RunAsync(program, quick, Wanted)) Print(row);
foreach (Row row in await StoreBenchmark.RunAsync(quick, Wanted)) Print(row);
foreach (Row row in await PostgresBenchmark.RunAsync(quick, Wanted)) Print(row);
if (Wanted("S5")) foreach (Row row in await SearchBenchmark.RunAsync(quick)) Print(row);
foreach (Row row in await DeliveryBenchmark.RunAsync(quick, Wanted)) Print(row);
if (Wanted("S8")) Print(await ReadingBenchmark.RunAsync(program, large));
if (Wanted("S6")) foreach (Row row in await ConsoleBenchmark.RunAsync()) Print(row);
if (Wanted("R")) Print(await RateBenchmark.RunAsync(program, large));
if (Wanted("P3")) Print(await CertspotterBenchmark.RunAsync(program));
return 0;

static void Print(Row row) => Console.WriteLine($"| {row.Id} | {row.What} | {row.Value} | {row.Goal} | {row.Compared} |");
