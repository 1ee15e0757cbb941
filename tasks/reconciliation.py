"""The reconciliation queue: Mirakl's transaction log is read here, so that finance can follow every refund."""
