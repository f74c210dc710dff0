using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using CertHerald.Benchmarks;

bool quick = args.Contains("--quick");
TimeSpan sample = TimeSpan.FromMilliseconds(quick ? 200 : 1_000);
string program = Path.Combine(Environment.CurrentDirectory, "artifacts", "program", "certherald");

Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores ({RuntimeInformation.ProcessArchitecture}, {(Vector512.IsHardwareAccelerated ? "512" : Vector256.IsHardwareAccelerated ? "256" : "128")}-bit vectors), {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}"));
Console.WriteLine("Processor time, best of 7 samples. The machine's other work disturbs absolute figures; ratios hold.");
Console.WriteLine();
Console.WriteLine("| Id | What | Value | Goal | Beside |");
Console.WriteLine("|---|---|---|---|---|");
foreach (Row row in PipelineBenchmark.Run(sample)) Print(row);
foreach (Row row in PartsBenchmark.Run(sample)) Print(row);
foreach (Row row in await ScanBenchmark.RunAsync(program, quick ? 100_000UL : 1_000_000UL)) Print(row);
return 0;

static void Print(Row row) => Console.WriteLine($"| {row.Id} | {row.What} | {row.Value} | {row.Goal} | {row.Compared} |");
