using System.CommandLine;
using CertHerald.Cli;

var root = new RootCommand(
    "CertHerald watches Certificate Transparency logs for your domains and tells your systems by webhook when a certificate appears that you did not ask for.")
{
    DemoCommand.Create(),
    WatchCommand.Create(),
    RunCommand.Create(),
    ScanCommand.Create(),
    LogsCommand.Create(),
    DomainsCommand.Create(),
    KnownCommand.Create(),
    KnownCommand.CreateKeys(),
    IssuancesCommand.Create(),
    EndpointsCommand.Create(),
    BackFillsCommand.Create(),
    WebhooksCommand.Create(),
    DeliveriesCommand.Create(),
    OperatorsCommand.Create(),
    SignInLinkCommand.Create(),
    RekeyCommand.Create(),
    BackupCommand.Create(),
    BackupCommand.CreateRestore(),
    UsersCommand.Create(),
    ApiKeysCommand.Create(),
    AppsCommand.Create(),
    AuditCommand.Create(),
    CertCommand.Create(),
    VerifyCommand.Create(),
    IssuersCommand.Create(),
    DataCommand.Create(),
    LookalikeCommand.Create(),
    ImportCommand.Create(),
    TestLogCommand.Create(),
    CheckConfigCommand.Create(),
    VersionCommand.Create(),
};

return await CommandLine.RunAsync(root.WithHelp(), args);
